"""Snippets: a page around its densest matches, as it is written, with [[ and ]] around each match.

Brackets of the text itself are no marks: between two that touch, and where one touches a mark, stands U+2060
WORD JOINER, which nothing shows and no snippet has otherwise. `plain_text` is the text without marks and
joiners, `marked_parts` takes a snippet apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from worker.index.analysis.characters import INVISIBLE, replace_surrogates
from worker.index.analysis.folding import Folded, fold, fold_text
from worker.index.analysis.matches import Span, near_spans, quick_spans, thorough_spans
from worker.index.analysis.query_terms import QueryTerm

OPEN, CLOSE = "[[", "]]"
_JOINER = "\u2060"
_TOUCHING = re.compile(r"(?<=\[)(?=\[)|(?<=\])(?=\])")
_MARKED = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)

SNIPPET_CHARS = 120
_LEAD_CHARS = 30
_WORD_END_CHARS = 15
_BLOCK_CHARS, _OVERLAP_CHARS = 4_000, 200
# Words, readings and look-alikes are searched only where no term is found as it is, in the first 120,000
# characters: dividing a page into words takes a second per megabyte.
_MAX_THOROUGH_BLOCKS = 30
_MAX_MATCHES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Match:
    start: int
    end: int
    term: int


def snippet(text: str, terms: Sequence[QueryTerm], *, is_ocr: bool = False, has_slips: bool = False) -> str:
    """About 120 characters of the text around the densest matches, which are marked.

    White space is collapsed; … marks truncation. Without a match it is the beginning of the text. With
    `has_slips` the terms may be mistyped.
    """
    shown = " ".join(INVISIBLE.sub("", replace_surrogates(text)).split())
    matches = _best_matches(shown, terms, is_ocr=is_ocr, has_slips=has_slips)
    start, end = _window(shown, _densest(matches))
    marked = _mark(shown, start, end, matches)
    return f"{'…' if start else ''}{marked}{'…' if end < len(shown) else ''}"


def mark_all(text: str, terms: Sequence[QueryTerm], *, is_ocr: bool = False) -> str:
    """The whole text as it is written, with every match marked."""
    return _mark(text, 0, len(text), _matches(0, fold(text), terms, is_ocr=is_ocr, has_slips=False))


def plain_text(marked: str) -> str:
    """The text of a snippet without its marks."""
    return "".join(text for text, _ in marked_parts(marked))


def marked_parts(marked: str) -> Iterator[tuple[str, bool]]:
    """The parts of a snippet as they are written, and which are matches."""
    done = 0
    for match in _MARKED.finditer(marked):
        if match.start() > done:
            yield _unescape(marked[done : match.start()]), False
        yield _unescape(match[1]), True
        done = match.end()
    if done < len(marked):
        yield _unescape(marked[done:]), False


def _unescape(text: str) -> str:
    return text.replace(_JOINER, "")


def _best_matches(shown: str, terms: Sequence[QueryTerm], *, is_ocr: bool, has_slips: bool) -> list[_Match]:
    """The matches of the block of the text that has most terms; only that one is mapped to its original."""
    blocks = list(_blocks(shown))
    start = _richest(blocks, terms)
    if start is not None:
        return _matches(
            start, fold(shown[start : start + _BLOCK_CHARS]), terms, is_ocr=is_ocr, has_slips=has_slips
        )
    for start, block in blocks[:_MAX_THOROUGH_BLOCKS]:
        matches = _matches(start, fold(block), terms, is_ocr=is_ocr, has_slips=has_slips)
        if matches:
            return matches
    return []


def _blocks(shown: str) -> Iterator[tuple[int, str]]:
    for start in range(0, max(1, len(shown) - _OVERLAP_CHARS), _BLOCK_CHARS - _OVERLAP_CHARS):
        yield start, shown[start : start + _BLOCK_CHARS]


def _richest(blocks: Iterable[tuple[int, str]], terms: Sequence[QueryTerm]) -> int | None:
    """Where the first block begins that has the most terms as they are, or as entities."""
    best, best_count = None, 0
    for start, block in blocks:
        folded = fold_text(block)
        count = sum(any(True for _ in quick_spans(folded, term)) for term in terms)
        if count > best_count:
            best, best_count = start, count
        if count == len(terms):
            break
    return best


def _matches(
    start: int, folded: Folded, terms: Sequence[QueryTerm], *, is_ocr: bool, has_slips: bool
) -> list[_Match]:
    found: list[_Match] = []
    for number, term in enumerate(terms):
        spans: list[Span] = list(islice(quick_spans(folded.text, term), _MAX_MATCHES))
        if has_slips and not spans:
            spans = list(islice(near_spans(folded.text, term), _MAX_MATCHES))
        spans = spans or list(islice(thorough_spans(folded.text, term, is_ocr=is_ocr), _MAX_MATCHES))
        for first, last in spans:
            begin, end = folded.original(first, last)
            found.append(_Match(start=start + begin, end=start + end, term=number))
    return sorted(found, key=lambda match: (match.start, -match.end))


def _densest(matches: list[_Match]) -> _Match | None:
    """The first match whose window has the most distinct terms."""
    best, best_count = None, 0
    for number, first in enumerate(matches):
        seen = set()
        for match in matches[number:]:
            if match.start > first.start + SNIPPET_CHARS - _LEAD_CHARS:
                break
            seen.add(match.term)
        if len(seen) > best_count:
            best, best_count = first, len(seen)
    return best


def _window(text: str, match: _Match | None) -> tuple[int, int]:
    """Start and end of the snippet: around the match, moved to a word boundary where one is near."""
    first, last = (match.start, match.end) if match else (0, 0)
    start = max(0, min(first - _LEAD_CHARS, len(text) - SNIPPET_CHARS))
    if start:
        space = text.find(" ", start, min(start + _WORD_END_CHARS, first))
        start = space + 1 if space >= 0 else start
    end = min(len(text), max(start + SNIPPET_CHARS, last))
    if end < len(text):
        space = text.rfind(" ", max(end - _WORD_END_CHARS, last), end)
        end = space if space >= 0 else end
    return start, end


def _mark(text: str, start: int, end: int, matches: list[_Match]) -> str:
    parts: list[str] = []
    done = start
    for match in matches:
        if match.start < done or match.end > end:
            continue  # overlaps the last one, or lies outside the window
        parts += [_escape(text[done : match.start], is_after_mark=bool(parts)), OPEN]
        parts += [_escape(text[match.start : match.end]), CLOSE]
        done = match.end
    return "".join([*parts, _escape(text[done:end], is_after_mark=bool(parts))])


def _escape(text: str, *, is_after_mark: bool = False) -> str:
    """No two brackets touch, and none touches a mark beside the text."""
    escaped = _TOUCHING.sub(_JOINER, text)
    escaped = f"{_JOINER}{escaped}" if is_after_mark and escaped.startswith("]") else escaped
    return f"{escaped}{_JOINER}" if escaped.endswith("[") else escaped

"""Terms of texts and of queries, and snippets, shared by both indexes.

Text is compared in NFKC (ＡＢＣ = ABC, ｶﾞ = ガ, ㈱ = (株)), case-insensitively. A run of CJK characters has no
word boundaries and is indexed as overlapping bigrams: 営業報告 becomes 営業 業報 報告 告.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from worker.index.analysis.characters import CJK, WORD_CHARACTER, replace_surrogates

_PIECES = re.compile(rf"(?P<run>[{CJK}](?:\s*[{CJK}])*)|(?:{WORD_CHARACTER})+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
"""Soft hyphens, joiners and variation selectors, which would split a word in two."""

_SNIPPET_CHARS = 120
_LEAD_CHARS = 30
_WORD_END_CHARS = 15
_MAX_MATCHES = 200


def normalise(text: str) -> str:
    """The form in which text is displayed: NFKC without invisible characters, case preserved."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", replace_surrogates(text)))


def fold(text: str) -> str:
    """The form in which text is compared: normalised and case-folded."""
    return normalise(text).casefold()


def index_terms(text: str) -> str:
    """The terms of a page for the full-text index, separated by spaces."""
    terms: list[str] = []
    for piece, is_run in _pieces(normalise(text)):
        if is_run:
            terms.extend(first + second for first, second in pairwise(piece))
            # The last character alone, so that a query of one character finds it as the beginning of a term.
            terms.append(piece[-1])
        else:
            terms.append(piece.casefold())
    return " ".join(terms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One word or phrase of a query, which a file must contain.

    `phrase` are its terms as in `index_terms`, to be matched in sequence; with `prefix` the last one is
    only the beginning of a term. `pattern` is the regular expression that matches it in normalised text,
    `text` the normalised input. `inner_run_ends` counts the CJK runs that end within the term.
    """

    phrase: tuple[str, ...]
    prefix: bool
    pattern: str
    text: str
    inner_run_ends: int
    is_quoted: bool = False


def make_term(text: str, *, is_quoted: bool = False) -> Term | None:
    """The term of a word or phrase in the form of `normalise`; None where it has no word character."""
    pieces = list(_pieces(text))
    if not pieces:
        return None
    last, last_is_run = pieces[-1]
    phrase = index_terms(text).split(" ")
    if last_is_run and len(last) > 1:
        phrase.pop()  # in the document the run may continue, and then has no single character here
    patterns = (_run_pattern(piece) if is_run else _word_pattern(piece) for piece, is_run in pieces)
    return Term(
        phrase=tuple(phrase),
        prefix=last_is_run and len(last) == 1,
        pattern=r"[\W_]*".join(patterns),
        text=text,
        inner_run_ends=sum(is_run for _, is_run in pieces[:-1]),
        is_quoted=is_quoted,
    )


def cut_repeats(text: str, counts: Counter[str], most: int) -> str:
    """The beginning of a text in which no word or pair of characters occurs more than `most` times.

    `counts` are those of the query so far. A page of one character has each place of a phrase at each place
    of its own: only what repeats makes a search cost more than the page is long.
    """
    for match in _PIECES.finditer(text):
        places = [match.start() + place for place, each in enumerate(match[0]) if not each.isspace()]
        pairs = [text[one] + text[two] for one, two in pairwise(places)]
        found = [*zip(pairs, places[1:], strict=True)] if match["run"] else [(match[0].casefold(), places[0])]
        for term, place in found:
            counts[term] += 1
            if counts[term] > most:
                return text[:place]
    return text


def snippet(text: str, terms: tuple[Term, ...]) -> str:
    """About 120 characters of the text around the densest matches, which are marked with [[ and ]].

    White space is collapsed; … marks truncation. Without a match it is the beginning of the text.
    """
    shown = " ".join(normalise(text).split())
    matches = _matches(shown, terms)
    start, end = _window(shown, _best_match(matches))
    marked = _mark(shown, start, end, matches)
    return f"{'…' if start else ''}{marked}{'…' if end < len(shown) else ''}"


def label(file_name: str, file_path: str) -> str:
    """A file's path and name as one text: the path, and the name where the path does not end with it."""
    return file_path if file_path.endswith(file_name) else f"{file_path} | {file_name}"


def rank(same: bool, folded_name: str, folded_path: str, path: str) -> int | None:
    """How well a file matches a folded path; lower is better, None is no match.

    0 for the same file (`same`, or an equal path), 1 where its path ends with `path`, 2 where `path` ends
    with its path.
    """
    if same or folded_path == path:
        return 0
    if folded_name == path or folded_path.endswith(f"/{path}"):
        return 1
    return 2 if path.endswith(f"/{folded_path}") else None


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Words unchanged, and CJK runs (True) without white space, which comes from layout and OCR."""
    for match in _PIECES.finditer(text):
        run = match["run"]
        yield ("".join(run.split()), True) if run else (match[0], False)


def _run_pattern(run: str) -> str:
    return r"\s*".join(re.escape(character) for character in run)


def _word_pattern(word: str) -> str:
    spellings = "|".join(sorted({re.escape(word), re.escape(word.casefold())}))
    return f"(?<!{WORD_CHARACTER})(?:{spellings})(?!{WORD_CHARACTER})"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Match:
    start: int
    end: int
    term: int


def _matches(text: str, terms: tuple[Term, ...]) -> list[_Match]:
    matches = [
        _Match(start=match.start(), end=match.end(), term=number)
        for number, term in enumerate(terms)
        for match in islice(re.finditer(term.pattern, text, re.IGNORECASE), _MAX_MATCHES)
    ]
    return sorted(matches, key=lambda match: (match.start, match.end))


def _best_match(matches: list[_Match]) -> _Match | None:
    """The first match whose window contains the most distinct terms."""
    best, best_count = None, 0
    for number, first in enumerate(matches):
        seen = set()
        for match in matches[number:]:
            if match.start > first.start + _SNIPPET_CHARS - _LEAD_CHARS:
                break
            seen.add(match.term)
        if len(seen) > best_count:
            best, best_count = first, len(seen)
    return best


def _window(text: str, match: _Match | None) -> tuple[int, int]:
    """Start and end of the snippet: around the match, moved to a word boundary where one is near."""
    first, last = (match.start, match.end) if match else (0, 0)
    start = max(0, min(first - _LEAD_CHARS, len(text) - _SNIPPET_CHARS))
    if start:
        space = text.find(" ", start, min(start + _WORD_END_CHARS, first))
        start = space + 1 if space >= 0 else start
    end = min(len(text), max(start + _SNIPPET_CHARS, last))
    if end < len(text):
        space = text.rfind(" ", max(end - _WORD_END_CHARS, last), end)
        end = space if space >= 0 else end
    return start, end


def _mark(text: str, start: int, end: int, matches: list[_Match]) -> str:
    parts: list[str] = []
    shown_to = start
    for match in matches:
        if match.start < shown_to or match.end > end:
            continue  # overlaps the previous match, or lies outside the window
        parts += [text[shown_to : match.start], "[[", text[match.start : match.end], "]]"]
        shown_to = match.end
    return "".join([*parts, text[shown_to:end]])


def fold_path(path: str) -> str:
    """The form in which paths are compared: folded, with backslashes of Windows shares as slashes."""
    return fold(path.replace("\\", "/"))

"""Where the terms of a query are in a folded text: as they are, as entities, words, readings or shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from worker.index.analysis.characters import WORD_CHARACTER
from worker.index.analysis.lookalikes import pattern
from worker.index.analysis.pairs import pieces
from worker.index.analysis.query_terms import QueryTerm
from worker.index.analysis.slips import allowed_edits, can_be_apart, can_begin, is_similar, run_pattern
from worker.index.analysis.stems import WORD, stem
from worker.index.analysis.streams import joint_reading
from worker.index.analysis.values.entities import entities
from worker.index.analysis.words import Word, words

Span: TypeAlias = tuple[int, int]
"""Start and end in the folded text."""

_IN_WORD = re.compile(WORD_CHARACTER)
_MAX_SHAPE_CHARS = 64


def quick_spans(folded: str, term: QueryTerm) -> Iterator[Span]:
    """Where the term is as it is, else without okurigana, or as a value of another form."""
    found = False
    for forms in (term.forms, (term.bare,)):
        for form in forms if not found else ():
            for span in _literal_spans(folded, form):
                found = True
                yield span
    if term.entities and not found:
        wanted = set(term.entities)
        for entity in entities(folded):
            if not wanted.isdisjoint(entity.tokens):
                yield entity.start, entity.end


def thorough_spans(folded: str, term: QueryTerm, *, is_ocr: bool) -> Iterator[Span]:
    """Where its words, stems or readings are; in an OCRed text also what has its shape."""
    forms, kana = {*term.words, *term.parts}, set(term.readings)
    last: Word | None = None
    for word in words(folded):
        is_form = word.form in forms or not forms.isdisjoint(word.parts)
        if is_form or not kana.isdisjoint(word.readings):
            yield word.start, word.end
        elif last and joint_reading(last, word) in kana:
            yield last.start, word.end
        last = word
    if term.stems:
        for match in WORD.finditer(folded):
            if stem(match[0]) in term.stems:
                yield match.span()
    if is_ocr and 1 < len(term.text) <= _MAX_SHAPE_CHARS:
        for match in pattern(term.text).finditer(folded):
            yield match.span()


def near_spans(folded: str, term: QueryTerm) -> Iterator[Span]:
    """Where a word is with an edit or two, written as two or longer, or a run that differs by one."""
    found = list(pieces(term.text))
    if can_begin(term.text):
        yield from (match.span() for match in _beginning(term.text).finditer(folded))
    if len(found) != 1:
        return
    piece, is_run = found[0]
    if is_run:
        nearly = run_pattern(piece)
        yield from (match.span() for match in nearly.finditer(folded)) if nearly else ()
        return
    edits = allowed_edits(piece)
    for match in WORD.finditer(folded) if edits else ():
        if is_similar(piece, match[0], edits):
            yield match.span()


@lru_cache(maxsize=64)
def _beginning(text: str) -> re.Pattern[str]:
    """Words that begin with the text, and those written with a separator in it where that is one word."""
    whole = [piece for piece, _ in pieces(text)]
    begun = r"[\W_]*".join(map(re.escape, whole)) + f"(?:{WORD_CHARACTER})*"
    parted = r"[\W_]?".join(map(re.escape, text)) if can_be_apart(text) else ""
    forms = rf"{begun}|{parted}(?!{WORD_CHARACTER})" if parted else begun
    return re.compile(rf"(?<!{WORD_CHARACTER})(?:{forms})")


def _literal_spans(folded: str, text: str) -> Iterator[Span]:
    """Words as wholes, runs anywhere; by the first piece, so that no text takes more than linear time."""
    first, is_run, following = _literal(text)
    start = folded.find(first) if first else -1
    while start >= 0:
        end = start + len(first)
        match = following.match(folded, end) if is_run or _is_whole(folded, start, end) else None
        if match:
            yield start, match.end()
        start = folded.find(first, match.end() if match else start + 1)


@lru_cache(maxsize=64)
def _literal(text: str) -> tuple[str, bool, re.Pattern[str]]:
    """The first piece of a term, whether it is a run, and the pattern of the others."""
    first, *rest = [piece for part in text.split() for piece in pieces(part)] or [("", True)]
    return *first, re.compile("".join(rf"[\W_]*{_piece_pattern(*piece)}" for piece in rest))


def _piece_pattern(piece: str, is_run: bool) -> str:
    return re.escape(piece) if is_run else f"{re.escape(piece)}(?!{WORD_CHARACTER})"


def _is_whole(folded: str, start: int, end: int) -> bool:
    is_inside = start > 0 and _IN_WORD.match(folded, start - 1)
    return not is_inside and not _IN_WORD.match(folded, end)

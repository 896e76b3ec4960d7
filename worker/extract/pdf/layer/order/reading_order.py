"""The text of a PDF page's layer in the order of reading.

pdfium reports text in about the order in which it is drawn, and that is kept wherever nothing speaks
against it. What does: copies of characters (halos), characters drawn late, small kana between the lines,
words torn apart, text that runs down, up or at an angle. Each shows cheaply in the text or its pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from worker.extract.pdf.layer.order.characters import (
    Character,
    has_late_characters,
    has_small_kana,
    read_characters,
    text_of,
)
from worker.extract.pdf.layer.order.duplicates import drop_duplicates, may_have_duplicates
from worker.extract.pdf.layer.order.furigana import drop_furigana
from worker.extract.pdf.layer.order.line_order import sort_lines
from worker.extract.pdf.layer.order.pieces import has_copies, read_pieces
from worker.extract.pdf.layer.order.rotated_text import rotated_text
from worker.extract.pdf.layer.order.torn_words import join_torn_words, may_be_torn

# A newspaper's page has a fifth of that.
_MAX_CHARS = 100_000
# A line of nothing but kana: pdfium ends the line before furigana and after them.
_KANA_LINE = re.compile(r"(?:^|\r\n)[\u3041-\u30ff ]{1,80}(?:\r\n|$)")
# pdfium itself finds copies that are drawn soon after each other.
_EQUAL_LINES, _MIN_LINE = 4, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    """What a page's text and its pieces show of what is to be put in order."""

    may_have_duplicates: bool
    may_be_rotated: bool
    may_be_torn: bool
    may_have_furigana: bool
    has_steps_back: bool

    @property
    def needs_lengths(self) -> bool:
        """Whether the lengths of characters are needed, too."""
        return self.may_have_duplicates or self.may_be_rotated or self.may_be_torn


def read_text(page: Any, layer: Any) -> str:
    """The text within the page, in reading order and each character once, without furigana."""
    text: str = layer.get_text_bounded()
    evidence = _evidence(page, layer, text)
    # Positions cost several calls a character, which is more than the text itself costs.
    if layer.count_chars() > _MAX_CHARS or not (evidence.needs_lengths or _is_out_of_order(layer, evidence)):
        return text
    reported = read_characters(page, layer, with_lengths=evidence.needs_lengths)
    ordered = _in_order(page, layer, reported, evidence)
    return text if ordered == reported else text_of(ordered).strip("\r\n")


def ordered_characters(page: Any, layer: Any) -> list[Character]:
    """The characters of that text with their positions; those of a huge page as pdfium reports them."""
    reported = read_characters(page, layer)
    if layer.count_chars() > _MAX_CHARS:
        return reported
    return _in_order(page, layer, reported, _evidence(page, layer, layer.get_text_bounded()))


def _evidence(page: Any, layer: Any, text: str) -> _Evidence:
    pieces = read_pieces(layer)
    return _Evidence(
        may_have_duplicates=pieces.has_duplicates
        or may_have_duplicates(text)
        or (_has_equal_lines(text) and has_copies(pieces.boxes)),
        may_be_rotated=pieces.may_be_rotated or page.get_rotation() != 0,
        may_be_torn=may_be_torn(text),
        may_have_furigana=_KANA_LINE.search(text) is not None,
        has_steps_back=pieces.has_steps_back,
    )


def _is_out_of_order(layer: Any, evidence: _Evidence) -> bool:
    return (evidence.may_have_furigana and has_small_kana(layer)) or (
        evidence.has_steps_back and has_late_characters(layer)
    )


def _in_order(page: Any, layer: Any, reported: Sequence[Character], evidence: _Evidence) -> list[Character]:
    # Words may be torn because they stand at an angle.
    may_be_rotated = evidence.may_be_rotated or evidence.may_be_torn
    rotated = rotated_text(page, layer, reported) if may_be_rotated else None
    ordered = list(reported) if rotated is None else rotated
    if evidence.may_have_duplicates or rotated is not None:
        ordered = drop_duplicates(ordered)
    if evidence.has_steps_back and rotated is None:
        ordered = sort_lines(ordered)
    if evidence.may_have_furigana or rotated is not None:
        ordered = drop_furigana(ordered)
    if evidence.may_be_torn or rotated is not None:
        ordered = join_torn_words(ordered)
    return ordered


def _has_equal_lines(text: str) -> bool:
    lines = [line for line in text.split("\r\n") if len(line) >= _MIN_LINE]
    return len(lines) - len(set(lines)) >= _EQUAL_LINES

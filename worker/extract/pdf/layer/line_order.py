"""Horizontal text of a PDF page, in the order of its lines from left to right.

Where a font lacks a character, programs leave a gap and draw it later in another font. pdfium then reports
it at the end of the line. Such lines are sorted by position; all others stay as reported.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.layer.characters import (
    Character,
    OrderedText,
    is_generated,
    origin_of,
    size_of,
    unicode_at,
)
from worker.extract.text.script import is_unspaced

_MAX_PIECES = 20_000
_SAME_HEIGHT_PT = 0.5
_BACK_PT = 1.0
_MAX_STEPS_BACK = 0.34
# A space, in heights of the line.
_GAP, _GAP_OF_LATIN = 1.0, 0.25
# Characters closer than this part of the height are diacritics, or a word written over another one.
_OVERLAP = 0.15
# A line of nothing but kana: pdfium ends the line before furigana and after them.
_KANA_LINE = re.compile(r"(?:^|\r\n)[\u3041-\u30ff ]{1,20}\r\n")
_MAX_CHARS = 100_000

_Place = tuple[float, float]
_Placed = tuple[int, str, _Place]
"""A character's index on the page, the character, and where it begins."""


def read_horizontal_text(layer: Any) -> OrderedText:
    """The text within the page; with its characters where some of it may be furigana."""
    text = text_in_order(layer)
    # Positions cost several calls a character, which is more than the text itself costs.
    if not _KANA_LINE.search(text) or layer.count_chars() > _MAX_CHARS:
        return OrderedText(text=text)
    reported = [unicode_at(layer, index) for index in range(layer.count_chars())]
    drawn = [index for index in range(len(reported)) if not is_generated(layer, index)]

    def separator(one: int, other: int) -> str:
        return "".join(reported[drawn[one] + 1 : drawn[other]]) if other == one + 1 else ""

    characters = [_character(layer, index, reported[index]) for index in drawn]
    return OrderedText(text=text, characters=characters, separator=separator)


def text_in_order(layer: Any) -> str:
    """The text within the page, its lines from left to right."""
    text: str = layer.get_text_bounded()
    if not _has_steps_back(layer):
        return text
    for reported, ordered in _reorder_lines(layer):
        text = text.replace(reported, ordered, 1)
    return text


def _character(layer: Any, index: int, text: str) -> Character:
    x, y = origin_of(layer, index)
    return Character(text=text, along=x, across=y, size=size_of(layer, index))


def _reorder_lines(layer: Any) -> Iterator[tuple[str, str]]:
    """Each line that is out of order, as pdfium reports it and as it stands on the page."""
    line: list[_Placed] = []
    for index, place in enumerate(_places(layer)):
        character = unicode_at(layer, index)
        if character not in "\r\n":
            line.append((index, character, place))
        elif line:
            yield from _reorder(layer, line)
            line = []
    yield from _reorder(layer, line)


def _has_steps_back(layer: Any) -> bool:
    """Whether a piece of a line begins before the end of the piece reported before it.

    A cheap test: pieces are few, so that pages in order, nearly all, need no position of a character.
    """
    sides = [ctypes.c_double() for _ in range(4)]
    last_right = last_top = last_bottom = 0.0
    for index in range(min(pdfium.FPDFText_CountRects(layer, 0, -1), _MAX_PIECES)):
        pdfium.FPDFText_GetRect(layer, index, *sides)
        left, top, right, bottom = (side.value for side in sides)
        if left < last_right - _BACK_PT and bottom < last_top and last_bottom < top:
            return True
        last_right, last_top, last_bottom = right, top, bottom
    return False


def _places(layer: Any) -> list[_Place]:
    # One pair of buffers for all characters: this runs over whole pages.
    x, y = ctypes.c_double(), ctypes.c_double()
    places = []
    for index in range(layer.count_chars()):
        pdfium.FPDFText_GetCharOrigin(layer, index, x, y)
        places.append((x.value, y.value))
    return places


def _is_out_of_order(line: list[_Placed]) -> bool:
    """Whether a few characters stand before those reported before them.

    In a line that runs from right to left most of them do, and that is its order.
    """
    steps = sum(
        after[2][0] < before[2][0] - _BACK_PT and abs(after[2][1] - before[2][1]) < _SAME_HEIGHT_PT
        for before, after in pairwise(line)
    )
    return 0 < steps <= _MAX_STEPS_BACK * len(line)


def _reorder(layer: Any, line: list[_Placed]) -> Iterator[tuple[str, str]]:
    """The line as reported and from left to right; nothing where it is in order or cannot be sorted."""
    if not _is_out_of_order(line):
        return
    reported = "".join(character for _, character, _ in line)
    drawn = [placed for placed in line if not is_generated(layer, placed[0])]
    drawn.sort(key=lambda placed: placed[2][0])
    heights = [place[1] for _, _, place in drawn]
    boxes = [layer.get_charbox(index) for index, _, _ in drawn]
    height = max((top - bottom for _, bottom, _, top in boxes), default=0.0)
    steps = [after[2][0] - before[2][0] for before, after in pairwise(drawn)]
    if max(heights, default=0.0) - min(heights, default=0.0) >= _SAME_HEIGHT_PT:
        return
    if min(steps, default=0.0) <= _OVERLAP * height:
        return
    gaps = [(right[0] - left[2]) / height for left, right in pairwise(boxes)]
    separators = [
        _separator(one[1], other[1], gap) for (one, other), gap in zip(pairwise(drawn), gaps, strict=True)
    ]
    characters = (character for _, character, _ in drawn)
    yield reported.strip(), "".join(chain(*zip(["", *separators], characters, strict=True)))


def _separator(one: str, other: str, gap: float) -> str:
    if one.isspace() or other.isspace():
        return ""
    is_latin = not (is_unspaced(one) or is_unspaced(other))
    return " " if gap > (_GAP_OF_LATIN if is_latin else _GAP) else ""

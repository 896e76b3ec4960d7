"""Lines of a PDF page whose letters are not drawn from left to right.

Where a font lacks a sign, programs leave its place free and draw it later in another font; pdfium then tells
it at the end of the line. Such lines are put in order by where their letters stand; all others stay as told.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.text.script import is_unspaced

_MAX_PIECES = 20_000
_SAME_HEIGHT_PT = 0.5
_BACK_PT = 1.0
_MOST_STEPS = 0.34
_GAP, _GAP_OF_LATIN = 1.0, 0.25
"""A blank, in heights of the line."""
_OVER_EACH_OTHER = 0.15
"""Letters closer than this part of the height are marks over others, or a word written over another one."""

_Place = tuple[float, float]
_Letter = tuple[int, str, _Place]
"""Its number on the page, itself, and where it begins."""


def text_in_order(layer: Any) -> str:
    """The text within the page, with those lines mended."""
    text: str = layer.get_text_bounded()
    if not _has_steps_back(layer):
        return text
    for told, mended in _mended_lines(layer):
        text = text.replace(told, mended, 1)
    return text


def _mended_lines(layer: Any) -> Iterator[tuple[str, str]]:
    """Each line that is not in order, as pdfium tells it and as it stands on the page."""
    line: list[_Letter] = []
    for index, place in enumerate(_places(layer)):
        letter = chr(pdfium.FPDFText_GetUnicode(layer, index) or 0xFFFD)
        if letter not in "\r\n":
            line.append((index, letter, place))
        elif line:
            yield from _mended(layer, line)
            line = []
    yield from _mended(layer, line)


def _has_steps_back(layer: Any) -> bool:
    """Whether a piece of a line begins before the end of the piece that is told before it: a quick look."""
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
    x, y = ctypes.c_double(), ctypes.c_double()
    places = []
    for index in range(layer.count_chars()):
        pdfium.FPDFText_GetCharOrigin(layer, index, x, y)
        places.append((x.value, y.value))
    return places


def _steps_back(line: list[_Letter]) -> bool:
    """Whether a few letters stand before those told before them; in a line from right to left most do."""
    steps = sum(
        after[2][0] < before[2][0] - _BACK_PT and abs(after[2][1] - before[2][1]) < _SAME_HEIGHT_PT
        for before, after in pairwise(line)
    )
    return 0 < steps <= _MOST_STEPS * len(line)


def _mended(layer: Any, line: list[_Letter]) -> Iterator[tuple[str, str]]:
    """The line as it was told and from left to right, where it steps back and can be put in order."""
    told = "".join(letter for _, letter, _ in line)
    if not _steps_back(line):
        return
    drawn = [found for found in line if pdfium.FPDFText_IsGenerated(layer, found[0]) != 1]
    drawn.sort(key=lambda found: found[2][0])
    heights = [place[1] for _, _, place in drawn]
    boxes = [layer.get_charbox(index) for index, _, _ in drawn]
    height = max((top - bottom for _, bottom, _, top in boxes), default=0.0)
    steps = [after[2][0] - before[2][0] for before, after in pairwise(drawn)]
    if max(heights, default=0.0) - min(heights, default=0.0) >= _SAME_HEIGHT_PT:
        return
    if min(steps, default=0.0) <= _OVER_EACH_OTHER * height:
        return
    gaps = [(right[0] - left[2]) / height for left, right in pairwise(boxes)]
    between = [
        _between(one[1], other[1], gap) for (one, other), gap in zip(pairwise(drawn), gaps, strict=True)
    ]
    yield told.strip(), "".join(chain(*zip(["", *between], (letter for _, letter, _ in drawn), strict=True)))


def _between(one: str, other: str, gap: float) -> str:
    if one.isspace() or other.isspace():
        return ""
    is_latin = not (is_unspaced(one) or is_unspaced(other))
    return " " if gap > (_GAP_OF_LATIN if is_latin else _GAP) else ""

"""The text of PDF pages whose writing runs down or up: vertical Japanese, and tables turned to fit the sheet.

pdfium puts what begins at one height in order from left to right, as words of a line are. Here these are
lines, so they came reversed and ran together. The order in which the page draws them is the order of reading.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.furigana import Letter, furigana
from worker.extract.pdf.page_objects import drawing_order, page_box
from worker.extract.text.script import is_unspaced

_SAMPLED_PAIRS = 60
_LEAST_PAIRS = 10
_FIRST_OF = 5
_MAX_CHARS = 100_000
"""A newspaper's page has a fifth of that."""
_HYPHENS = "\x02\ufffe"
"""What pdfium puts where a word was parted at the end of a line."""
_NEW_LINE = 0.9
_RUBY = 0.7
"""Letters of less than this part of the others' size are furigana beside their line, up to `_RUBY_AWAY`."""
_RUBY_AWAY = 1.6
_ACROSS, _ACROSS_OFF = 2.0, 0.5
"""In sizes of a letter: what follows to the right at the same height is a line of ordinary writing."""
_GAP, _GAP_OF_LATIN = 1.2, 0.35
"""A blank in sizes of a letter; a full stop or a bracket has no ink in most of its square."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Char:
    """A character, where it begins, how large it is, its ink's lower and upper end, and when it is drawn."""

    text: str
    x: float
    y: float
    size: float
    low: float
    high: float
    order: int


def sideways_text(page: Any, layer: Any) -> str | None:
    """The text of the page line by line; None where most of its writing runs across, as usual."""
    if not _runs_sideways(layer):
        return None
    chars = _without_furigana(sorted(_chars(page, layer), key=lambda char: char.order))
    pieces = [char.text for char in chars[:1]]
    for one, other in pairwise(chars):
        pieces.append(_between(one, other) + other.text)
    # pdfium may tell a character beyond the first 65,536 as two halves.
    return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _runs_sideways(layer: Any) -> bool:
    """Whether most neighbours in a sample of the page stand over each other."""
    count: int = layer.count_chars()
    if count > _MAX_CHARS:
        return False
    pairs = range(0, count - 1, max(1, count // _SAMPLED_PAIRS))
    told = [_runs_across(layer, index) for index in pairs[::_FIRST_OF]]
    if "sideways" not in told and len(told) >= _LEAST_PAIRS:
        return False  # a look at a few all over the page is enough for almost all pages
    told = [direction for index in pairs if (direction := _runs_across(layer, index))]
    return len(told) >= _LEAST_PAIRS and told.count("sideways") * 2 > len(told)


def _runs_across(layer: Any, index: int) -> str | None:
    pair = (index, index + 1)
    if any(pdfium.FPDFText_IsGenerated(layer, place) for place in pair):
        return None
    (x, y), (next_x, next_y) = (_origin(layer, place) for place in pair)
    if x == next_x and y == next_y:
        return None
    return "across" if abs(next_x - x) >= abs(next_y - y) else "sideways"


def _chars(page: Any, layer: Any) -> list[_Char]:
    """The characters within the page; a blank that pdfium put in is part of what stands before it."""
    left, bottom, right, top = page_box(page)
    places = drawing_order(page)
    chars: list[_Char] = []
    order = 0
    for index in range(layer.count_chars()):
        text = chr(pdfium.FPDFText_GetUnicode(layer, index) or 0xFFFD)
        if pdfium.FPDFText_IsGenerated(layer, index) and text.isspace():
            if text == " " and chars:
                chars[-1] = replace(chars[-1], text=f"{chars[-1].text} ")
            continue
        x, y = _origin(layer, index)
        if left <= x <= right and bottom <= y <= top:
            drawn = pdfium.FPDFText_GetTextObject(layer, index)
            order = places.get(ctypes.addressof(drawn.contents), order) if drawn else order
            _, low, _, high = layer.get_charbox(index)
            size = _size(layer, index)
            chars.append(_Char(text=text, x=x, y=y, size=size, low=low, high=high, order=order))
    return chars


def _without_furigana(chars: list[_Char]) -> list[_Char]:
    letters = [Letter(text=char.text, along=-char.y, across=char.x, size=char.size) for char in chars]
    left_out = {place for run in furigana(letters) for place in run}
    return [char for place, char in enumerate(chars) if place not in left_out]


def _origin(layer: Any, index: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(layer, index, x, y)
    return x.value, y.value


def _size(layer: Any, index: int) -> float:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(layer, index, matrix)
    return float(pdfium.FPDFText_GetFontSize(layer, index)) * math.hypot(matrix.c, matrix.d)


def _between(one: _Char, other: _Char) -> str:
    """What parts two characters that are drawn one after the other: nothing, a blank or the end of a line."""
    if one.text in _HYPHENS:
        return ""
    larger, smaller = max(one.size, other.size, 1.0), min(one.size, other.size)
    right, away, along = other.x - one.x, abs(other.x - one.x), abs(other.y - one.y)
    if along < _ACROSS_OFF * larger and 0 < right <= _ACROSS * larger:
        return ""
    if away > (_RUBY_AWAY if smaller < _RUBY * larger else _NEW_LINE) * larger:
        return "\n"
    if one.text[-1].isspace() or other.text[0].isspace():
        return ""
    gap = max(other.low - one.high, one.low - other.high)
    is_latin = not (is_unspaced(one.text[0]) or is_unspaced(other.text[0]))
    return " " if gap > (_GAP_OF_LATIN if is_latin else _GAP) * larger else ""

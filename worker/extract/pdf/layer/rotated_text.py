"""Text of PDF pages that runs down or up: vertical Japanese, and tables turned to fit the sheet.

pdfium sorts what begins at one height from left to right, as words of a line. Here these are lines, which
would come reversed and joined. The order in which the page draws them is the order of reading.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from itertools import pairwise
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
from worker.extract.pdf.page_objects import drawing_order, page_box
from worker.extract.text.script import is_unspaced

_SAMPLED_PAIRS = 60
_MIN_PAIRS = 10
_FIRST_OF = 5
# A newspaper's page has a fifth of that.
_MAX_CHARS = 100_000
# What pdfium puts where a word was hyphenated at the end of a line.
_HYPHENS = "\x02\ufffe"
_NEW_LINE = 0.9
# Characters of less than this part of the others' size are furigana beside their line, up to `_RUBY_AWAY`.
_RUBY = 0.7
_RUBY_AWAY = 1.6
# In sizes of a character: what follows to the right at the same height belongs to a line of horizontal text.
_ACROSS, _ACROSS_OFF = 2.0, 0.5
# A space in sizes of a character; a full stop or a bracket has no ink in most of its square.
_GAP, _GAP_OF_LATIN = 1.2, 0.35


@dataclass(frozen=True, kw_only=True, slots=True)
class _Char:
    """A character, where it begins, its size, its ink's lower and upper end, and when it is drawn."""

    text: str
    x: float
    y: float
    size: float
    low: float
    high: float
    order: int


def read_rotated_text(page: Any, layer: Any) -> OrderedText | None:
    """The text of the page line by line; None where most of it is horizontal, as usual."""
    if not _is_rotated(layer):
        return None
    chars = sorted(_chars(page, layer), key=lambda char: char.order)
    if not chars:
        return None
    pieces = [chars[0].text]
    for one, other in pairwise(chars):
        pieces.append(_separator(one, other) + other.text)
    return OrderedText(
        text="".join(pieces),
        characters=[
            Character(text=char.text, along=-char.y, across=char.x, size=char.size) for char in chars
        ],
        separator=lambda one, other: _separator(chars[one], chars[other]),
    )


def _is_rotated(layer: Any) -> bool:
    """Whether most neighbours in a sample of the page stand over each other."""
    count: int = layer.count_chars()
    if count > _MAX_CHARS:
        return False
    pairs = range(0, count - 1, max(1, count // _SAMPLED_PAIRS))
    directions = [_direction(layer, index) for index in pairs[::_FIRST_OF]]
    # A few pairs from all over the page are enough for nearly all pages.
    if "vertical" not in directions and len(directions) >= _MIN_PAIRS:
        return False
    known = [direction for index in pairs if (direction := _direction(layer, index))]
    return len(known) >= _MIN_PAIRS and known.count("vertical") * 2 > len(known)


def _direction(layer: Any, index: int) -> str | None:
    pair = (index, index + 1)
    if any(is_generated(layer, place) for place in pair):
        return None
    (x, y), (next_x, next_y) = (origin_of(layer, place) for place in pair)
    if x == next_x and y == next_y:
        return None
    return "horizontal" if abs(next_x - x) >= abs(next_y - y) else "vertical"


def _chars(page: Any, layer: Any) -> list[_Char]:
    """The characters within the page; a space that pdfium inserted is part of the one before it."""
    left, bottom, right, top = page_box(page)
    places = drawing_order(page)
    chars: list[_Char] = []
    order = 0
    for index in range(layer.count_chars()):
        text = unicode_at(layer, index)
        if text.isspace() and is_generated(layer, index):
            if text == " " and chars:
                chars[-1] = replace(chars[-1], text=f"{chars[-1].text} ")
            continue
        x, y = origin_of(layer, index)
        if left <= x <= right and bottom <= y <= top:
            drawn = pdfium.FPDFText_GetTextObject(layer, index)
            order = places.get(ctypes.addressof(drawn.contents), order) if drawn else order
            _, low, _, high = layer.get_charbox(index)
            size = size_of(layer, index)
            chars.append(_Char(text=text, x=x, y=y, size=size, low=low, high=high, order=order))
    return chars


def _separator(one: _Char, other: _Char) -> str:
    """What belongs between two characters drawn one after the other: nothing, a space or a line end."""
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

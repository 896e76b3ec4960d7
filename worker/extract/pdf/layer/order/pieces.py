"""What the pieces of a page's text show of their order, before any character's position is read.

A piece is what pdfium reports as one rectangle: the characters of one text object that follow each other.
Pieces are few, so that the test costs little on the pages, nearly all, that are in order.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

_MAX_PIECES = 20_000
_BACK_PT = 1.0
# Copies of a character are as near as that, in heights.
_SAME_PLACE = 0.2
_HALF_CELL_PT = 2.0
_SOON = 30
# A piece is tall from so many widths on, and higher than a single character such as an l or a bracket.
_TALL, _TALL_PT = 2.5, 24.0
# Characters of a column are so near, in the larger side of theirs, and about as wide as they are apart.
_NEAR, _OFF, _WIDE = 2.2, 0.5, 1.1
_MIN_STACKED = 3
_LONG_PT = 60.0
# Characters at an angle are so much higher or lower than the one before, and so far beside it.
_RISE, _MIN_SLANTED = 0.15, 3
_LEAST, _MOST, _WIDEST = 0.12, 2.0, 1.6

_Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pieces:
    """The boxes of a page's pieces, and what those beside each other show.

    `has_steps_back`: one begins before the end of the one before it in its line; `has_duplicates`: one lies
    where another one of its line does. `stacked` are small ones right above or below the one before, `tall`
    those that are higher than wide, `slanted` the most in a row that go up, or down, to the right.
    """

    boxes: Sequence[_Box]
    has_steps_back: bool
    has_duplicates: bool
    stacked: int
    slanted: int
    tall: int

    @property
    def may_be_rotated(self) -> bool:
        """Whether some of the text may run up, down or at an angle."""
        return self.tall > 0 or self.stacked > _MIN_STACKED or self.slanted >= _MIN_SLANTED


def read_pieces(layer: Any) -> Pieces:
    """Compare each piece with the one before."""
    boxes = _boxes(layer)
    has_steps_back, has_duplicates, stacked, tall = False, False, 0, 0
    slanted, run, last_rise = 0, 0, 0.0
    last = last_left, last_top, last_right, last_bottom = 0.0, 0.0, 0.0, 0.0
    for place, box in enumerate(boxes):
        left, top, right, bottom = box
        height = top - bottom
        if height > _TALL_PT and height > _TALL * (right - left):
            tall += 1
        if left < last_right:
            if bottom < last_top and last_bottom < top:
                has_steps_back = has_steps_back or left < last_right - _BACK_PT
                has_duplicates = has_duplicates or _is_duplicate(boxes, place)
            elif right - left < _LONG_PT:
                stacked += _is_stacked(last, box)
        if left > last_left and abs(bottom - last_bottom) > _RISE * height:
            # Characters at an angle go up, or down, all the time; indices go up and down again.
            rise = _rise(last, box)
            run = run + 1 if rise * last_rise > 0 else int(rise != 0)
            slanted, last_rise = max(slanted, run), rise
        else:
            run = 0
        last, last_left, last_top, last_right, last_bottom = box, left, top, right, bottom
    return Pieces(
        boxes=boxes,
        has_steps_back=has_steps_back,
        has_duplicates=has_duplicates,
        stacked=stacked,
        slanted=slanted,
        tall=tall,
    )


def _rise(one: _Box, other: _Box) -> float:
    """How far up (or down) the next character at an angle is; 0 where the two are none."""
    size = max(other[2] - other[0], other[1] - other[3])
    right = (other[0] + other[2] - one[0] - one[2]) / 2
    rise = (other[1] + other[3] - one[1] - one[3]) / 2
    is_character = other[2] - other[0] <= _WIDEST * (other[1] - other[3])
    is_step = _LEAST * size <= right <= _MOST * size and _LEAST * size <= abs(rise) <= _MOST * size
    return rise if is_character and is_step else 0.0


def _is_stacked(one: _Box, other: _Box) -> bool:
    width, last_width = other[2] - other[0], one[2] - one[0]
    pitch = abs(other[1] + other[3] - one[1] - one[3]) / 2
    return (
        max(width, last_width) <= _WIDE * pitch
        and pitch <= _NEAR * max(width, other[1] - other[3], last_width, one[1] - one[3])
        and abs(other[0] + other[2] - one[0] - one[2]) <= 2 * _OFF * pitch
    )


def has_copies(boxes: Sequence[_Box]) -> bool:
    """Whether two pieces of a page lie in nearly one place, however far apart they are reported."""
    seen: dict[tuple[int, int, int], _Box] = {}
    for box in boxes:
        column, row = int(box[0] / _HALF_CELL_PT), int(box[1] / _HALF_CELL_PT)
        # Of four grids, each half a cell beside the others, one has both copies in one cell.
        for grid in range(4):
            cell = (grid, (column + grid % 2) // 2, (row + grid // 2) // 2)
            other = seen.setdefault(cell, box)
            if other is not box and _is_near(other, box):
                return True
    return False


def _boxes(layer: Any) -> list[_Box]:
    # The text page and the buffers as pdfium takes them: converting them costs as much as each call.
    page, read = layer.raw, pdfium.FPDFText_GetRect
    left, top, right, bottom = sides = [ctypes.c_double() for _ in range(4)]
    pointers = [ctypes.byref(side) for side in sides]
    boxes = []
    for index in range(min(pdfium.FPDFText_CountRects(page, 0, -1), _MAX_PIECES)):
        read(page, index, *pointers)
        boxes.append((left.value, top.value, right.value, bottom.value))
    return boxes


def _is_duplicate(boxes: Sequence[_Box], place: int) -> bool:
    return any(_is_near(boxes[place], other) for other in boxes[max(0, place - _SOON) : place])


def _is_near(one: _Box, other: _Box) -> bool:
    away = _SAME_PLACE * (one[1] - one[3])
    return all(abs(side - beside) <= away for side, beside in zip(one, other, strict=True))

"""What the pieces of a page's text show of their order, before any character's position is read.

A piece is what pdfium reports as one rectangle: the characters of one text object that follow each other.
Pieces are few, so that the test costs little on the pages, nearly all, that are in order.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
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

_Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pieces:
    """The boxes of a page's pieces, and what those beside each other show.

    `has_steps_back`: one begins before the end of the one before it in its line; `has_duplicates`: one lies
    where another one of its line does. `stacked` are small ones right above or below the one before, `tall`
    those that are higher than wide.
    """

    boxes: Sequence[_Box]
    has_steps_back: bool
    has_duplicates: bool
    stacked: int
    tall: int

    @property
    def may_be_vertical(self) -> bool:
        """Whether some of the text may run up or down."""
        return self.tall > 0 or self.stacked > _MIN_STACKED


def read_pieces(layer: Any) -> Pieces:
    """Compare each piece with the one before."""
    boxes = list(_boxes(layer))
    has_steps_back, has_duplicates, stacked, tall = False, False, 0, 0
    last_left = last_right = last_top = last_bottom = 0.0
    for place, (left, top, right, bottom) in enumerate(boxes):
        height = top - bottom
        if height > _TALL_PT and height > _TALL * (right - left):
            tall += 1
        if left < last_right:
            if bottom < last_top and last_bottom < top:
                has_steps_back = has_steps_back or left < last_right - _BACK_PT
                has_duplicates = has_duplicates or _is_duplicate(boxes, place)
            else:
                width, last_width = right - left, last_right - last_left
                pitch = abs(top + bottom - last_top - last_bottom) / 2
                stacked += (
                    max(width, last_width) <= _WIDE * pitch
                    and pitch <= _NEAR * max(width, height, last_width, last_top - last_bottom)
                    and abs(left + right - last_left - last_right) <= 2 * _OFF * pitch
                )
        last_left, last_top, last_right, last_bottom = left, top, right, bottom
    return Pieces(
        boxes=boxes, has_steps_back=has_steps_back, has_duplicates=has_duplicates, stacked=stacked, tall=tall
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


def _boxes(layer: Any) -> Iterator[_Box]:
    sides = [ctypes.c_double() for _ in range(4)]
    read, (left, top, right, bottom) = pdfium.FPDFText_GetRect, sides
    for index in range(min(pdfium.FPDFText_CountRects(layer, 0, -1), _MAX_PIECES)):
        read(layer, index, *sides)
        yield left.value, top.value, right.value, bottom.value


def _is_duplicate(boxes: Sequence[_Box], place: int) -> bool:
    return any(_is_near(boxes[place], other) for other in boxes[max(0, place - _SOON) : place])


def _is_near(one: _Box, other: _Box) -> bool:
    away = _SAME_PLACE * (one[1] - one[3])
    return all(abs(side - beside) <= away for side, beside in zip(one, other, strict=True))

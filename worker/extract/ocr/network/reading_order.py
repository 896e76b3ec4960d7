"""Boxes of text brought into the order they are read in: rows, and columns of prose one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from worker.extract.ocr.network.cells import Box

Row = list[Box]

_SAME_ROW = 0.5
"""Of the lower of two boxes, so much is beside the other where they are in one row."""
_MIN_ROWS = 4
"""Fewer lines side by side are a head with a date, or a form, which are read row by row."""
_PROSE = 8.0
"""Lines of columns are so many times as long as high; cells of a table are shorter."""
_MAX_GAP = 2.0
"""More than so many heights of a line between two rows end a column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Columns:
    """Rows from `begin` to `end` with prose on both sides of `x_px`."""

    begin: int
    end: int
    x_px: int


def reading_order(boxes: Sequence[Box]) -> list[list[Row]]:
    """Blocks of rows of boxes: a page has one, and more where it has columns."""
    return [block for block in _blocks(_rows(boxes)) if block]


def _blocks(rows: list[Row]) -> Iterator[list[Row]]:
    columns = _widest_columns(rows)
    if columns is None:
        yield rows
        return
    inside = [box for row in rows[columns.begin : columns.end] for box in row]
    yield from _blocks(rows[: columns.begin])
    yield from _blocks(_rows([box for box in inside if box.right <= columns.x_px]))
    yield from _blocks(_rows([box for box in inside if box.right > columns.x_px]))
    yield from _blocks(rows[columns.end :])


def _rows(boxes: Sequence[Box]) -> list[Row]:
    """The boxes in rows from top to bottom, each from left to right."""
    rows: list[Row] = []
    for box in sorted(boxes, key=lambda box: (box.top + box.height / 2, box.left)):
        for row in reversed(rows[-3:]):
            # On a photograph rows are tilted: the box beside this one says whether it is the same.
            beside = min(row, key=lambda other: abs(other.left - box.left))
            if _share_beside(box, beside) > _SAME_ROW:
                row.append(box)
                break
        else:
            rows.append([box])
    for row in rows:
        row.sort(key=lambda box: box.left)
    return rows


def _share_beside(box: Box, other: Box) -> float:
    # Where the other one would be beside this one, if it went on as it falls.
    top = other.top_at(box.left + box.width / 2)
    common = min(box.bottom, top + other.height) - max(box.top, top)
    return common / min(box.height, other.height)


def _widest_columns(rows: Sequence[Row]) -> _Columns | None:
    """The columns with the most rows, or None where there are none."""
    gaps = {(left.right + right.left) // 2 for row in rows for left, right in pairwise(row)}
    best: tuple[int, _Columns] | None = None
    for x_px in sorted(gaps):
        for begin, end in _runs(rows, x_px):
            count = _rows_of_prose(rows[begin:end], x_px)
            if count >= _MIN_ROWS and (best is None or count > best[0]):
                best = (count, _Columns(begin=begin, end=end, x_px=x_px))
    return None if best is None else best[1]


def _runs(rows: Sequence[Row], x_px: int) -> Iterator[tuple[int, int]]:
    """Stretches of rows that no box crosses `x_px` in, nor a wide gap ends."""
    begin: int | None = None
    for number, row in enumerate(rows):
        is_crossed = any(box.left < x_px < box.right for box in row)
        is_far = begin is not None and _gap_px(rows[number - 1], row) > _MAX_GAP * median(
            box.height for box in row
        )
        if begin is not None and (is_crossed or is_far):
            yield begin, number
            begin = None
        if begin is None and not is_crossed:
            begin = number
    if begin is not None:
        yield begin, len(rows)


def _gap_px(above: Row, below: Row) -> float:
    return min(box.top for box in below) - max(box.bottom for box in above)


def _rows_of_prose(rows: Sequence[Row], x_px: int) -> int:
    """How many rows have text on both sides; 0 where it is no prose."""
    left = [box for row in rows for box in row if box.right <= x_px]
    right = [box for row in rows for box in row if box.left >= x_px]
    if not left or not right:
        return 0
    if any(median(box.width / box.height for box in side) < _PROSE for side in (left, right)):
        return 0
    return sum(any(box.right <= x_px for box in row) and any(box.left >= x_px for box in row) for row in rows)

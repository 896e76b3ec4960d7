"""Boxes in the order they are read in."""

from __future__ import annotations

import pytest

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.reading_order import reading_order

pytestmark = pytest.mark.unit


def _box(left: int, top: int, width: int, height: int = 20, slope: float = 0.0) -> Box:
    return Box(left=left, top=top, width=width, height=height, slope=slope)


def _flat(blocks: list[list[list[Box]]]) -> list[Box]:
    return [box for block in blocks for row in block for box in row]


def test_a_table_is_read_row_by_row() -> None:
    cells = [_box(left, top, 70) for top in (0, 40, 80, 120, 160) for left in (0, 200, 400)]

    blocks = reading_order(cells[::-1])

    assert len(blocks) == 1
    assert [len(row) for row in blocks[0]] == [3] * 5
    assert _flat(blocks) == cells


def test_columns_of_prose_are_read_one_after_the_other_between_head_and_foot() -> None:
    head, foot = _box(100, 0, 500), _box(50, 400, 500)
    left = [_box(0, top, 300) for top in range(50, 350, 30)]
    right = [_box(350, top, 300) for top in range(50, 290, 30)]

    blocks = reading_order([foot, *right, *left, head])

    assert _flat(blocks) == [head, *left, *right, foot]
    assert len(blocks) == 4


def test_three_columns() -> None:
    columns = [[_box(left, top, 200) for top in range(0, 300, 30)] for left in (0, 250, 500)]

    blocks = reading_order([box for column in zip(*columns, strict=True) for box in column])

    assert _flat(blocks) == [box for column in columns for box in column]


def test_a_few_lines_side_by_side_are_rows() -> None:
    boxes = [_box(left, top, 300) for top in (0, 30, 60) for left in (0, 350)]

    assert _flat(reading_order(boxes)) == boxes


def test_rows_of_a_photograph_need_not_be_level() -> None:
    # Falls by 40 pixels over the page, which is more than the distance of two rows.
    rows = [
        [_box(left, top + round(left * 0.05), 80, slope=0.05) for left in (0, 200, 400, 600, 800)]
        for top in (0, 30, 60)
    ]

    (block,) = reading_order([box for row in rows for box in reversed(row)])

    assert block == rows


def test_nothing_is_in_no_order() -> None:
    assert reading_order([]) == []

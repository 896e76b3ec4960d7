"""Things are found by the place of their line."""

from __future__ import annotations

import pytest

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.line_index import LineIndex

pytestmark = pytest.mark.unit


def _at(across: float, size: float, *, is_horizontal: bool = True) -> tuple[Character, float]:
    return Character(text="x", along=0, across=across, size=size, is_horizontal=is_horizontal), across


_INDEX = LineIndex([_at(30, 10), _at(10, 10.3), _at(20, 12), _at(20, 10, is_horizontal=False)])


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [(0, 99, [10, 30]), (10, 30, [10, 30]), (11, 30, [30]), (10, 29, [10]), (31, 99, [])],
)
def test_lines_of_a_size_between_two_heights_are_found(
    lowest: float, highest: float, expected: list[float]
) -> None:
    assert list(_INDEX.between(lowest, highest, size=10, is_horizontal=True)) == expected


@pytest.mark.parametrize(
    ("least", "most", "expected"), [(10, 12, [10, 12]), (10.6, 99, [12]), (1, 11, [10]), (13, 20, [])]
)
def test_sizes_that_lines_have_are_known(least: float, most: float, expected: list[int]) -> None:
    assert _INDEX.sizes(least, most, is_horizontal=True) == expected
    assert _INDEX.sizes(0, 99, is_horizontal=False) == [10]

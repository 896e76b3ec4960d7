"""Characters that are drawn one after the other in one direction are one strip."""

from __future__ import annotations

import pytest

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.strips import Direction, split

pytestmark = pytest.mark.unit


def _characters(text: str, right: float, up: float) -> list[Character]:
    return [
        Character(text=one, along=100 + right * place, across=700 + up * place, size=10, length=10)
        for place, one in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("text", "right", "up", "direction"),
    [("第一条の", 10, 0, Direction.ALONG), ("第一条の", 0, -11, Direction.DOWN)],
)
def test_neighbours_in_one_direction_are_a_strip(
    text: str, right: float, up: float, direction: Direction
) -> None:
    (strip,) = split(_characters(text, right, up))

    assert strip.direction is direction
    assert "".join(one.text for one in strip.characters) == text


@pytest.mark.parametrize(("text", "up"), [("甲乙丙丁", -20), ("ABCD", -11)], ids=["rows", "Latin"])
def test_cells_under_each_other_are_no_strip(text: str, up: float) -> None:
    assert len(split(_characters(text, 0, up))) == len(text)

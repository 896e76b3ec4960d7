"""Columns are sorted by their positions, unless they are drawn in another order that may be read."""

from __future__ import annotations

import pytest

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.strips import Strip, split
from worker.extract.pdf.layer.order.tiers import in_reading_order

pytestmark = pytest.mark.unit


def _column(text: str, x: float, y: float) -> list[Strip]:
    return split(
        [
            Character(text=one, along=x, across=y - 11 * place, size=10, length=10)
            for place, one in enumerate(text)
        ]
    )


def _read(*columns: tuple[str, float, float]) -> list[str]:
    strips = [strip for column in columns for strip in _column(*column)]
    return ["".join(one.text for one in strip.characters) for strip in in_reading_order(strips)]


_RIGHT = (
    ("一段目右の", 300, 700),
    ("一段目左の", 284, 700),
    ("二段目右の", 300, 600),
    ("二段目左の", 284, 600),
)


def test_columns_drawn_from_the_left_are_read_from_the_right() -> None:
    drawn = (_RIGHT[1], _RIGHT[0], _RIGHT[3], _RIGHT[2])

    assert _read(*drawn) == [text for text, _, _ in _RIGHT]


def test_fewer_columns_stay_as_they_are_drawn() -> None:
    assert _read(_RIGHT[1], _RIGHT[0]) == [_RIGHT[1][0], _RIGHT[0][0]]

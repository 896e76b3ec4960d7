"""Durations as people say them."""

from __future__ import annotations

import pytest

from worker.fleet.simulation.durations import describe_duration

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (500, "8 min 20 s"),
        (599.7, "10 min"),
        (640, "11 min"),
        (59_280, "16 h"),
        (3599.6, "1 h"),
        (3600, "1 h"),
        (7260, "2 h 1 min"),
        (86_399, "1 d"),
        (187_200, "2 d 4 h"),
        (float("inf"), "never"),
    ],
)
def test_two_digits_or_two_units(seconds: float, said: str) -> None:
    assert describe_duration(seconds) == said

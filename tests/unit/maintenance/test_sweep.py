"""Tally: counts, and a list that does not grow without end."""

from __future__ import annotations

import pytest

from worker.maintenance.comparison import Finding
from worker.maintenance.sweep import Tally, in_batches

pytestmark = pytest.mark.unit


def test_differences_are_counted_by_kind_and_the_first_thousand_listed() -> None:
    tally = Tally(run_id="1", started_at="", is_fix=False)
    for number in range(1_200):
        tally.count(Finding.OTHER_ENTRY, key=f"{number}")
    tally.count(Finding.NO_ROW, key="x")
    tally.count(Finding.MATCHING)
    assert tally.differences == {"missing": 1, "stale": 1_200, "orphaned": 0, "unfinished": 0}
    assert (tally.total, len(tally.files)) == (1_201, 1_000)
    assert Tally(**tally.values()) == tally


def test_batches_take_nothing_in_advance() -> None:
    items = iter(range(5))
    batches = in_batches(items, 2)
    assert next(batches) == [0, 1]
    assert next(items) == 2
    assert list(batches) == [[3, 4]]

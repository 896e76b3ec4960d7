"""RecentWork: an hour in minutes."""

from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.fleet.recent_work import LastHour, RecentWork

pytestmark = pytest.mark.unit


def test_documents_of_the_last_hour_are_counted_and_older_ones_forgotten(clock: Clock) -> None:
    work = RecentWork(clock)
    work.add_document(100)
    clock.now += 1_800
    work.add_document(2)
    work.add_document(4)
    assert work.last_hour() == LastHour(documents=3, pages=106, pages_squared=10_020, busy_s=0.0)
    clock.now += 1_860
    assert work.last_hour() == LastHour(documents=2, pages=6, pages_squared=20, busy_s=0.0)
    clock.now += 3_600
    assert work.last_hour() == LastHour(documents=0, pages=0, pages_squared=0, busy_s=0.0)


def test_the_rate_is_of_the_time_with_work(clock: Clock) -> None:
    """A worker that had nothing to do for nine of ten minutes is as fast as it is."""
    work = RecentWork(clock)
    assert work.pages_per_minute() == 0.0
    work.add_work(pages=40, busy_s=60.0)
    for _ in range(9):
        clock.now += 60
        work.add_work(pages=0, busy_s=0.0)
    assert work.pages_per_minute() == 40.0
    clock.now += 60
    assert work.pages_per_minute() == 0.0
    assert work.last_hour().busy_s == 60.0


def test_its_size_does_not_grow(clock: Clock) -> None:
    work = RecentWork(clock)
    for _ in range(200):
        work.add_document(1)
        clock.now += 60
    assert len(work._minutes) == 60

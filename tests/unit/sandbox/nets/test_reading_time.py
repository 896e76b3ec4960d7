"""The work of a document against its limits."""

from __future__ import annotations

import pytest

from tests.stand_ins.document_run import LIMITS
from worker.runtime.machine.process_use import ProcessUse
from worker.sandbox.nets.reading_time import Met, ReadingTime

pytestmark = pytest.mark.unit


class _Reader:
    """A process that uses what a test says."""

    def __init__(self) -> None:
        self.time = ReadingTime(LIMITS, 0.0)
        self.now = 0.0
        self.used_s = 0.0

    def use(self, cpu_s: float, *, is_counted: bool = True) -> Met:
        self.now += 1.0
        self.used_s += cpu_s
        use = ProcessUse(cpu_s=self.used_s, is_runnable=True)
        return self.time.count(use, self.now, is_counted=is_counted, page_count=1)


def test_pages_share_what_their_process_uses() -> None:
    reader = _Reader()
    reader.time.permits |= {1: 0.0, 2: 0.0}
    assert reader.use(100.0) is Met.NONE
    assert reader.time.permits == {1: 50.0, 2: 50.0}


def test_the_page_over_its_limit_is_late() -> None:
    reader = _Reader()
    reader.time.permits[1] = 0.0
    assert reader.use(64.0) is Met.NONE
    assert reader.use(2.0) is Met.PAGE
    assert reader.time.late() == [1]


def test_a_page_that_waits_for_the_processor_is_not_late() -> None:
    reader = _Reader()
    reader.time.permits[1] = 0.0
    assert {reader.use(0.0) for _ in range(20 * int(LIMITS.page_timeout_s))} == {Met.NONE}


def test_a_process_that_reports_nothing_meets_the_limit_of_a_page() -> None:
    reader = _Reader()
    assert reader.use(60.0) is Met.NONE
    reader.time.hear()
    assert reader.use(40.0) is Met.NONE
    assert reader.use(20.0) is Met.DOCUMENT


def test_what_does_not_count_is_not_kept_for_later() -> None:
    reader = _Reader()
    assert reader.use(1_000.0, is_counted=False) is Met.NONE
    assert reader.use(1.0) is Met.NONE


def test_a_new_process_begins_at_nothing() -> None:
    reader = _Reader()
    reader.use(50.0)
    reader.used_s = 0.0
    reader.time.begin_process(reader.now)
    assert reader.use(50.0) is Met.NONE

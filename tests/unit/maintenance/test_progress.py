from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.maintenance.progress import Progress, ProgressMeter

pytestmark = pytest.mark.unit


def test_rate_and_time_left_follow_from_what_this_run_did() -> None:
    clock, reports = Clock(now=0.0), list[Progress]()
    meter = ProgressMeter(reports.append, total=1_000, already=500, clock=clock)
    clock.now = 10.0
    meter.advance(100)

    assert reports == [Progress(done=600, total=1_000, rate=10.0, elapsed_s=10.0)]
    assert reports[0].eta_s == 40.0


def test_reports_keep_their_distance_but_for_the_last() -> None:
    clock, reports = Clock(now=0.0), list[Progress]()
    meter = ProgressMeter(reports.append, interval_s=1.0, clock=clock)
    for _ in range(25):
        clock.now += 0.1
        meter.advance()
    meter.finish()

    assert [report.done for report in reports][-1] == 25
    assert 3 <= len(reports) <= 4


def test_a_total_that_was_too_low_leaves_no_time_and_none_is_no_total() -> None:
    assert Progress(done=7, total=5, rate=1.0).eta_s == 0.0
    assert Progress(done=7, total=None, rate=1.0).eta_s is None
    assert Progress(done=0, total=5, rate=0.0).eta_s is None

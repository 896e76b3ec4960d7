"""What a run must hold, where it breaks, how that is printed, and the courses of load."""

from __future__ import annotations

import pytest

from tests.performance.load.courses import OFFICE_DAY, SPIKE, STEADY, STRESS, Course
from tests.performance.load.report import break_block, plain, requests_block
from tests.performance.load.timeline import Sample, Timeline
from tests.performance.load.verdict import (
    EVENT_TO_SEARCHABLE,
    HEALTH,
    Check,
    Drain,
    Requests,
    account,
    drain_limit_s,
    health_checks,
    load_checks,
)

pytestmark = pytest.mark.performance

GONE = Drain(sending_s=30.0, backlog=2, rate_per_s=4.0, limit_s=10.0, seconds=1.0)


def requests(
    kind: str, *, count: int = 100, failures: int = 0, average_s: float = 0.1, p95_s: float = 0.2
) -> Requests:
    return Requests(
        kind=kind,
        name="pdf",
        count=count,
        failures=failures,
        average_s=average_s,
        median_s=average_s,
        p95_s=p95_s,
        max_s=p95_s,
    )


def verdicts(checks: list[Check]) -> list[bool | None]:
    return [check.is_met for check in checks]


@pytest.mark.parametrize(
    ("measured", "drain", "met"),
    [
        (requests(EVENT_TO_SEARCHABLE, failures=5, p95_s=10.0), GONE, [True, True, True]),
        (requests(EVENT_TO_SEARCHABLE, failures=6), GONE, [False, True, True]),
        (requests(EVENT_TO_SEARCHABLE, p95_s=10.1), GONE, [True, False, True]),
        (
            requests(EVENT_TO_SEARCHABLE),
            Drain(sending_s=30.0, backlog=80, rate_per_s=4.0, limit_s=30.0, seconds=30.5),
            [True, True, False],
        ),
        (
            requests(EVENT_TO_SEARCHABLE),
            Drain(sending_s=30.0, backlog=80, rate_per_s=4.0, limit_s=30.0, seconds=None),
            [True, True, False],
        ),
    ],
)
def test_a_load_that_must_be_carried(measured: Requests, drain: Drain, met: list[bool]) -> None:
    assert verdicts(load_checks([measured], drain, bound_s=10.0)) == met


@pytest.mark.parametrize(("backlog", "rate", "limit_s"), [(80, 4.0, 30.0), (2, 4.0, 10.0), (80, 0.0, 10.0)])
def test_a_backlog_has_one_and_a_half_times_what_it_needs(backlog: int, rate: float, limit_s: float) -> None:
    assert drain_limit_s(backlog, rate, bound_s=10.0) == limit_s


@pytest.mark.parametrize(
    ("measured", "met"),
    [
        (requests(HEALTH, failures=4, average_s=0.9, p95_s=1.9), [True, True, True]),
        (requests(HEALTH, average_s=1.0), [False, True, True]),
        (requests(HEALTH, p95_s=2.0), [True, False, True]),
        (requests(HEALTH, failures=5), [True, True, False]),
    ],
)
def test_health_endpoints(measured: Requests, met: list[bool]) -> None:
    assert verdicts(health_checks([measured])) == met


def test_health_endpoints_that_were_not_asked_have_no_checks() -> None:
    assert health_checks([requests("put")]) == []


def test_a_named_end_is_accounted_for_and_a_missing_one_is_not() -> None:
    assert account(10, {"indexed": 8, "dead_lettered": 2}).is_met
    lost = account(10, {"indexed": 8})
    assert not lost.is_met
    assert lost.measured == "2 of 10"


def sample(at_s: float, *, done: int = 0, backlog: int = 0, oldest_s: float = 0.0) -> Sample:
    return Sample(
        at_s=at_s, users=50, sent=done + backlog, done=done, backlog=backlog, oldest_s=oldest_s, depth=backlog
    )


def test_the_first_late_file_is_where_it_breaks() -> None:
    timeline = Timeline(bound_s=10.0)
    for second in range(60):
        timeline.take(sample(second, done=3 * second, backlog=5 * second, oldest_s=second / 2))

    assert timeline.first_break is not None
    assert timeline.first_break.sample.at_s == 21
    assert timeline.first_break.rate == pytest.approx(3.0)
    assert timeline.first_break.reason == "a file waits for more than 10 s"


def test_a_failed_request_before_that_is_where_it_breaks() -> None:
    timeline = Timeline(bound_s=10.0)
    timeline.take(sample(1))
    timeline.fail("put pdf: refused")
    timeline.fail("send pdf: refused, too")
    timeline.take(sample(2))
    timeline.take(sample(3, oldest_s=11))

    assert timeline.first_break is not None
    assert (timeline.first_break.sample.at_s, timeline.first_break.reason) == (2, "put pdf: refused")


def test_the_table_of_a_break_names_rate_depth_delay_and_first_failure() -> None:
    timeline = Timeline(bound_s=10.0)
    for second in range(31):
        timeline.take(sample(second, done=2 * second, backlog=4 * second, oldest_s=second))
    drain = Drain(sending_s=30.0, backlog=120, rate_per_s=2.0, limit_s=90.0, seconds=55.0)

    lines = plain(break_block(timeline, drain))

    assert [line.split("  ")[0] for line in lines] == [
        "Where it breaks",
        "files sent a second",
        "files done a second meanwhile",
        "files waiting after the last send",
        "- all of them done",
        "most files waiting",
        "greatest depth of the queue",
        "longest delay while users sent",
        "first failure",
        "- users then",
        "- files done a second then",
        "- files waiting then",
        "- depth of the queue then",
        "- what failed",
    ]
    assert max(map(len, lines)) <= 80


def test_the_table_of_requests_fits_eighty_columns() -> None:
    long = requests(EVENT_TO_SEARCHABLE, count=100_000, failures=99_999, p95_s=123.4)

    assert max(map(len, plain(requests_block("Load: 100 users, target servers", [long])))) <= 80


@pytest.mark.parametrize(
    ("course", "peak"),
    [(STEADY, 10), (SPIKE, 50), (STRESS, 100), (OFFICE_DAY, 25)],
    ids=lambda each: str(each)[:12],
)
def test_a_course_covers_its_run_time_and_ends(course: Course, peak: int) -> None:
    assert course.peak_users == peak
    assert [stage.until for stage in course.stages] == sorted({stage.until for stage in course.stages})
    assert course.stage_at(0) == course.stages[0]
    assert course.stage_at(29.9, run_time_s=30) == course.stages[-1]
    assert course.stage_at(30, run_time_s=30) is None
    assert course.stage_at(60 * course.minutes) is None


def test_a_spike_is_sudden_and_workers_follow_it() -> None:
    stages = [SPIKE.stage_at(second, run_time_s=100) for second in (29, 31, 51)]

    assert [(stage.users, stage.workers) for stage in stages if stage] == [(10, 1), (50, 2), (10, 1)]

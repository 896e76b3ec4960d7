"""What the fleet reports replaces what the plan assumes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.aws.queue_manager import QueueDepth
from worker.errors import MisconfiguredError
from worker.fleet.decision import PageEstimate
from worker.fleet.fleet_work import FleetWork
from worker.fleet.scaling_state import PageCounts, Sample, ScalingState
from worker.fleet.work_plan import WorkPlan

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

PLAN = WorkPlan(pages=PageEstimate(mean=10, deviation=5, documents=10), instance_pages_per_minute=50)
WORK = FleetWork(
    workers=1,
    counts=PageCounts(documents=30, pages=900, squares=27_000),
    pages_per_minute=80,
    instance_rate=70,
    busy_instances=frozenset(),
)
DEPTH = QueueDepth(visible=5, in_flight=3, delayed=2)


def test_without_a_report_it_assumes() -> None:
    load = PLAN.load(DEPTH, ScalingState(), None, minute=1)
    assert (load.waiting, load.in_flight) == (7, 3)
    assert load.pages == PLAN.pages
    assert load.instance_pages_per_minute == 50
    assert load.fleet_pages_per_minute is None


def test_pages_and_rate_follow_the_reports() -> None:
    state = PLAN.learn(ScalingState(), WORK)
    load = PLAN.load(DEPTH, state, WORK, minute=1)
    assert load.pages.mean == 25
    assert load.instance_pages_per_minute == 54
    for _ in range(40):
        state = PLAN.learn(state, WORK)
    assert state.instance_rate == pytest.approx(70, abs=0.5)


def test_an_idle_fleet_keeps_what_it_reported_last() -> None:
    state = PLAN.learn(ScalingState(), WORK)
    idle = replace(WORK, counts=PageCounts(), instance_rate=None)
    assert PLAN.learn(state, idle) == state
    assert PLAN.learn(state, None) == state


def test_an_impossible_rate_changes_little() -> None:
    assert PLAN.learn(ScalingState(), replace(WORK, instance_rate=1e-3)).instance_rate == 42.5
    assert PLAN.learn(ScalingState(), replace(WORK, instance_rate=1e6)).instance_rate == 80


def test_the_throughput_is_the_mean_of_ten_minutes() -> None:
    samples = tuple(
        Sample(minute=minute, backlog=1, pages_per_minute=pages)
        for minute, pages in ((1, 1_000.0), (15, 40.0), (16, None), (17, 60.0))
    )
    assert PLAN.load(DEPTH, ScalingState(samples=samples), WORK, minute=18).fleet_pages_per_minute == 60


@pytest.mark.parametrize(
    ("by_document", "by_page", "quota", "pages"),
    [(1, 0, 30, 300), (0, 1, 30, 30), (1, 1, 33, 30), (0, 0, 30, None), (1, 0, None, None)],
)
def test_the_quota_of_calls_is_one_of_pages(
    by_document: float, by_page: float, quota: float | None, pages: float | None
) -> None:
    plan = replace(PLAN, calls_per_document=by_document, calls_per_page=by_page, quota_calls_per_minute=quota)
    found = plan.policy_for(plan.load(DEPTH, ScalingState(), None, minute=1)).quota_pages_per_minute
    assert found == (pages if pages is None else pytest.approx(pages))


def test_a_plan_that_computes_nothing_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="more than 0"):
        replace(PLAN, instance_pages_per_minute=0)
    with pytest.raises(MisconfiguredError, match="delay"):
        replace(PLAN, policy=replace(PLAN.policy, acceptable_delay_s=0))

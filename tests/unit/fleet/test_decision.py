"""The decisions of scaling: a table of cases each, and the properties that must hold for every input."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from worker.errors import MisconfiguredError
from worker.fleet.decision import (
    Action,
    Bounds,
    PageEstimate,
    StepPolicy,
    TargetTracking,
    WorkLoad,
    WorkPolicy,
    is_sustained_low,
)

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

STEP = StepPolicy()
WORK = WorkPolicy(bounds=Bounds(minimum=0, maximum=20), boot_s=100, acceptable_delay_s=700, deviations=0)
# 50 pages a minute for ten minutes: an instance does 500 pages, or 100 such documents, in time.
FIVE_PAGES = PageEstimate(mean=5, deviation=3)
counts = st.integers(0, 20_000_000)
capacities = st.integers(0, 60)


def load(waiting: int, in_flight: int = 0, *, throughput: float | None = 0.0) -> WorkLoad:
    return WorkLoad(
        waiting=waiting,
        in_flight=in_flight,
        pages=FIVE_PAGES,
        instance_pages_per_minute=50,
        fleet_pages_per_minute=throughput,
    )


bounds = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
    lambda two: Bounds(minimum=min(two), maximum=max(two))
)
step_policies = st.builds(
    StepPolicy,
    bounds=bounds,
    scale_out_threshold=st.integers(0, 100),
    scale_in_threshold=st.integers(0, 10),
    messages_per_instance=st.integers(1, 100),
    scale_out_increment=st.integers(1, 10),
    sustained_minutes=st.integers(1, 10),
)
work_policies = st.builds(
    WorkPolicy,
    bounds=bounds,
    acceptable_delay_s=st.floats(30, 86_400),
    boot_s=st.floats(0, 600),
    sustained_minutes=st.integers(1, 10),
    quota_pages_per_minute=st.none() | st.floats(1, 10_000),
)
loads = st.builds(
    WorkLoad,
    waiting=counts,
    in_flight=st.integers(0, 120_000),
    pages=st.builds(
        PageEstimate, mean=st.floats(0, 500), deviation=st.floats(0, 500), documents=st.floats(1, 1e6)
    ),
    instance_pages_per_minute=st.floats(0.1, 1_000),
    pages_in_hand=st.none() | st.floats(0, 1e6),
    fleet_pages_per_minute=st.none() | st.floats(0, 1e5),
)
holds = st.lists(st.integers(0, 60), max_size=12)


@pytest.mark.parametrize(
    ("depth", "instances"), [(0, 1), (5, 1), (15, 2), (30, 3), (50, 5), (100, 10), (101, 10), (10**7, 10)]
)
def test_required_instances_are_rounded_up_and_capped(depth: int, instances: int) -> None:
    assert STEP.required_instances(depth) == instances


@pytest.mark.parametrize(
    ("waiting", "current", "desired"),
    [
        (10, 2, 2),  # at the threshold
        (11, 2, 3),
        (15, 2, 3),  # the table says 2
        (100, 2, 4),  # the table says 10
        (100, 9, 10),
        (100, 10, 10),  # at the maximum
        (0, 0, 1),  # below the minimum
        (5, 12, 10),  # above the maximum
    ],
)
def test_the_step_policy_scales_out_by_at_least_one_and_at_most_its_increment(
    waiting: int, current: int, desired: int
) -> None:
    decision = STEP.decide(waiting=waiting, current=current)
    assert decision.desired_capacity == desired
    assert decision.action is (
        Action.NONE if desired == current else Action.SCALE_OUT if desired > current else Action.SCALE_IN
    )


def test_the_step_policy_scales_in_by_one_after_a_sustained_low() -> None:
    assert STEP.decide(waiting=0, current=3, backlogs=[2, 1, 0, 2, 1]).desired_capacity == 2
    assert STEP.decide(waiting=0, current=3, backlogs=[1, 0, 2, 1]).action is Action.NONE
    assert STEP.decide(waiting=0, current=3, backlogs=[3, 1, 0, 2, 1]).action is Action.NONE
    assert STEP.decide(waiting=0, current=1, backlogs=[0] * 9).action is Action.NONE


def test_the_step_policy_does_not_take_the_instances_that_have_everything_in_hand() -> None:
    """Nothing waits, but ten documents are in flight."""
    assert STEP.decide(waiting=0, current=3, backlogs=[10] * 9).action is Action.NONE


def test_the_step_policy_goes_to_zero_and_returns_for_a_single_message() -> None:
    policy = replace(STEP, bounds=Bounds(minimum=0, maximum=10))
    assert policy.decide(waiting=0, current=1, backlogs=[0] * 5).desired_capacity == 0
    assert policy.decide(waiting=1, current=1, backlogs=[1] * 5).action is Action.NONE
    assert policy.decide(waiting=1, current=0).desired_capacity == 1


@pytest.mark.parametrize(
    ("depths", "is_low"),
    [([0, 0, 0, 0, 0], True), ([9, 2, 2, 2, 2, 2], True), ([0, 0, 0, 0], False), ([0, 0, 3, 0, 0], False)],
)
def test_a_low_is_sustained_when_no_sample_is_over_the_threshold(depths: list[int], is_low: bool) -> None:
    assert is_sustained_low(depths, threshold=2, minutes=5) is is_low


@pytest.mark.parametrize(
    ("messages", "desired"), [(0, 0), (1, 1), (100, 1), (101, 2), (1_000, 10), (2_001, 20)]
)
def test_the_work_policy_starts_what_does_all_pages_in_time(messages: int, desired: int) -> None:
    for in_flight in {0, messages // 2, messages}:
        assert WORK.decide(load(messages - in_flight, in_flight), current=0).desired_capacity == desired


def test_a_wide_spread_asks_for_more_instances() -> None:
    narrow, wide = replace(WORK, deviations=0), replace(WORK, deviations=1)
    assert narrow.instances_for(load(1_000)) == 10
    assert wide.instances_for(load(1_000)) == 12


def test_the_work_policy_scales_in_to_what_was_needed_lately() -> None:
    now = load(90, throughput=40)
    assert WORK.decide(now, current=9, holds=[7, 6, 3, 3]).desired_capacity == 7
    assert WORK.decide(now, current=9, holds=[9, 1, 1, 1, 1]).desired_capacity == 1
    assert WORK.decide(now, current=9, holds=[1, 1, 1]).action is Action.NONE


def test_the_work_policy_keeps_what_the_throughput_needs() -> None:
    busy = load(0, 12, throughput=240)
    assert WORK.decide(busy, current=9, holds=[0] * 4).desired_capacity == 6
    by_littles_law = load(0, 12, throughput=None)
    assert WORK.decide(by_littles_law, current=9, holds=[0] * 4).desired_capacity == 7


def test_the_work_policy_goes_to_zero_when_it_was_idle_long_enough() -> None:
    assert WORK.decide(load(0, throughput=30), current=3, holds=[0] * 4).desired_capacity == 0
    assert WORK.decide(load(0, throughput=30), current=3, holds=[0, 0, 1, 0]).desired_capacity == 1


def test_the_quota_caps_the_fleet_but_leaves_one_instance() -> None:
    policy = replace(WORK, quota_pages_per_minute=260)
    assert policy.decide(load(100_000), current=0).desired_capacity == 5
    assert "quota" in policy.decide(load(100_000), current=0).reason
    assert replace(WORK, quota_pages_per_minute=10).decide(load(100_000), current=0).desired_capacity == 1


def test_what_was_seen_replaces_the_estimate_by_and_by() -> None:
    seen = FIVE_PAGES.refine(180, 180 * 15, squares=180 * 225)
    assert seen.mean == pytest.approx(14)
    assert seen.deviation == pytest.approx(3.146, abs=0.01)
    assert FIVE_PAGES.refine(20, 300).deviation == pytest.approx(6)
    assert FIVE_PAGES.refine(0, 0) == FIVE_PAGES


def test_target_tracking_acts_in_proportion_after_its_alarms() -> None:
    policy = TargetTracking(target=10, bounds=Bounds(minimum=0, maximum=20))
    assert policy.decide(metrics=[5, 25, 25, 25], current=2).desired_capacity == 5
    assert policy.decide(metrics=[25, 25], current=2).action is Action.NONE
    assert policy.decide(metrics=[4] * 15, current=5).desired_capacity == 2
    assert policy.decide(metrics=[9.5] * 15, current=5).action is Action.NONE
    assert policy.decide(metrics=[], current=0, waiting=1_000).desired_capacity == 1


def test_bounds_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(MisconfiguredError, match="3 to 2"):
        Bounds(minimum=3, maximum=2)


@given(step_policies, counts, capacities, st.lists(st.integers(0, 30), max_size=12))
def test_the_step_policy_stays_within_its_bounds(
    policy: StepPolicy, waiting: int, current: int, backlogs: list[int]
) -> None:
    desired = policy.decide(waiting=waiting, current=current, backlogs=backlogs).desired_capacity
    assert policy.bounds.minimum <= desired <= policy.bounds.maximum


@given(step_policies, counts, counts, capacities, st.lists(st.integers(0, 30), max_size=12))
def test_the_step_policy_is_monotone_in_the_backlog(
    policy: StepPolicy, one: int, other: int, current: int, earlier: list[int]
) -> None:
    less, more = sorted((one, other))
    decide = policy.decide
    assert (
        decide(waiting=less, current=current, backlogs=[*earlier, less]).desired_capacity
        <= decide(waiting=more, current=current, backlogs=[*earlier, more]).desired_capacity
    )


@given(work_policies, loads, capacities, holds)
def test_the_work_policy_stays_within_bounds_and_quota(
    policy: WorkPolicy, work: WorkLoad, current: int, holds: list[int]
) -> None:
    desired = policy.decide(work, current=current, holds=holds).desired_capacity
    assert policy.bounds.minimum <= desired <= policy.bounds.maximum
    if policy.quota_pages_per_minute is not None and desired > max(policy.bounds.minimum, 1):
        assert desired * work.instance_pages_per_minute <= policy.quota_pages_per_minute


@given(work_policies, loads, counts, capacities, holds)
def test_the_work_policy_is_monotone_in_the_backlog(
    policy: WorkPolicy, work: WorkLoad, more: int, current: int, holds: list[int]
) -> None:
    assume(work.waiting + more > 0)
    larger = replace(work, waiting=work.waiting + more)
    assert (
        policy.decide(work, current=current, holds=holds).desired_capacity
        <= policy.decide(larger, current=current, holds=holds).desired_capacity
    )


@given(work_policies, loads, holds)
def test_a_backlog_never_leaves_an_empty_fleet_empty(
    policy: WorkPolicy, work: WorkLoad, holds: list[int]
) -> None:
    assume(work.waiting + work.in_flight > 0 and policy.bounds.maximum > 0)
    assert policy.decide(work, current=0, holds=holds).desired_capacity > 0

"""A whole day of an office, replayed on a virtual clock against moto."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.autoscaling.conftest import MotoFleet
from tests.autoscaling.day import PAGES, RATE, STEP_MINUTES, Day
from tests.autoscaling.fluid import reversals
from worker.fleet.decision import PageEstimate, WorkPolicy
from worker.fleet.work_plan import WorkPlan

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling, pytest.mark.slow]

STEPS_AN_HOUR = 60 // STEP_MINUTES
DELAY_S = 45 * 60
# Documents every five minutes; an instance does one of them in that time.
HOURS = {8: 1, 9: 3, 10: 4, 11: 4, 12: 1, 13: 3, 14: 4, 15: 4, 16: 3, 17: 1}
PLAN = WorkPlan(
    policy=WorkPolicy(acceptable_delay_s=DELAY_S, boot_s=60 * STEP_MINUTES, slots_per_instance=1),
    # Wrong at first: the registry reports 250 pages a document.
    pages=PageEstimate(mean=50, deviation=50, documents=5),
    instance_pages_per_minute=RATE,
)


def office_day() -> Iterator[int]:
    for hour in range(24):
        for _ in range(STEPS_AN_HOUR):
            yield HOURS.get(hour, 0)


def test_an_office_day(start_fleet: Callable[..., MotoFleet]) -> None:
    """From zero, through morning, lunch and afternoon, to zero."""
    fleet = start_fleet(desired=0, maximum=20)
    day = Day(fleet=fleet, manager=fleet.manager(work=PLAN, min_capacity=0, max_capacity=8))
    day.run(office_day())
    assert day.is_drained
    assert len(day.delays_steps) == sum(HOURS.values()) * STEPS_AN_HOUR
    assert day.busy_ended == 0
    assert max(day.capacities) <= 8
    assert day.capacities[: 8 * STEPS_AN_HOUR] == [0] * (8 * STEPS_AN_HOUR)
    assert day.capacities[-1] == 0
    assert _percentile(day.delays_steps, 0.95) * 60 * STEP_MINUTES <= DELAY_S
    # Up in the morning, down at lunch, up again, down in the evening: no more than that.
    turns = reversals(day.capacities)
    assert turns <= 3
    # A fleet that meets the delay all day long has four instances.
    instance_hours = sum(day.capacities) / STEPS_AN_HOUR
    assert instance_hours < 0.5 * 4 * 24
    assert instance_hours * 60 * RATE >= sum(HOURS.values()) * STEPS_AN_HOUR * PAGES


def _percentile(values: list[int], fraction: float) -> int:
    return sorted(values)[int(fraction * len(values))]

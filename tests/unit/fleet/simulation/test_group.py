"""Group: launches, boots, interruptions, and hours that somebody pays for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from worker.fleet.simulation.group import EventKind, Group
from worker.fleet.simulation.scenarios.scenario import Instances

pytestmark = pytest.mark.unit


def make_group(most: int = 10, **changes: Any) -> Group:
    settings = Instances.model_validate({"vcpus": 2, "boot_s": 100} | changes)
    return Group(settings=settings, most=most, random=np.random.RandomState(1))


def test_it_launches_what_is_missing_and_never_more_than_the_most() -> None:
    group = make_group(most=3)
    group.desired = 5
    group.launch_missing(10.0)
    assert len(group.alive) == 3
    assert [(time_s, kind) for time_s, _, kind in group.events(1000.0)] == [(110.0, EventKind.READY)] * 3


def test_boots_take_up_to_the_spread_longer() -> None:
    group = make_group(boot_spread_s=50)
    group.desired = 10
    group.launch_missing(0.0)
    boots = [machine.ready_s for machine in group.alive.values()]
    assert 100 <= min(boots) < max(boots) <= 150


def test_the_first_are_on_demand_and_are_never_interrupted() -> None:
    group = make_group(on_demand_base=2, interruptions_per_hour=60)
    group.desired = 5
    group.launch_missing(0.0)
    assert [machine.is_spot for machine in group.alive.values()] == [False, False, True, True, True]
    interrupted = {m.number for _, m, kind in group.events(1e6) if kind is EventKind.INTERRUPTED}
    assert interrupted == {2, 3, 4}


def test_interruptions_come_at_their_rate() -> None:
    group = make_group(most=2000, interruptions_per_hour=0.5)
    group.desired = 2000
    group.launch_missing(0.0)
    within_an_hour = sum(kind is EventKind.INTERRUPTED for _, _, kind in group.events(3600.0))
    assert within_an_hour / 2000 == pytest.approx(1 - np.exp(-0.5), abs=0.04)


def test_an_instance_that_left_has_no_events_and_its_hours_end() -> None:
    group = make_group(on_demand_base=1)
    group.desired = 2
    group.launch_missing(0.0)
    first, second = group.alive.values()
    group.end(second, gone_s=1800.0)
    assert [machine for _, machine, _ in group.events(1e6)] == [first]
    assert group.hours(3600.0) == (0.5, 1.0)
    assert group.hours(900.0) == (0.25, 0.25)

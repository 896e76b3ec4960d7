"""No oscillation: on a steady input the work policy finds a capacity and keeps it."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.autoscaling.fluid import FluidFleet, reversals
from worker.fleet.decision import Bounds, WorkPolicy

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

DAY = 24 * 60
SETTLED = 8 * 60

fleets = st.builds(
    FluidFleet,
    pages_a_document=st.sampled_from([1.0, 5.0, 100.0]),
    boot_minutes=st.integers(0, 6),
    capacity=st.integers(0, 40),
    backlog_pages=st.floats(0, 50_000),
)
policies = st.builds(
    WorkPolicy,
    bounds=st.builds(Bounds, minimum=st.integers(0, 3), maximum=st.just(60)),
    acceptable_delay_s=st.floats(120, 3_600),
    boot_s=st.floats(0, 360),
    deviations=st.sampled_from([0.0, 1.0]),
)


@settings(max_examples=40)
@given(fleets, policies, st.floats(0.5, 2_000))
def test_a_steady_input_gets_a_steady_fleet(fleet: FluidFleet, policy: WorkPolicy, pages: float) -> None:
    fleet.run(policy, itertools.repeat(pages, DAY))
    settled = fleet.capacities[SETTLED:]
    turns = reversals(settled)
    assert turns == 0
    assert settled[-1] >= min(60, math.floor(pages / fleet.instance_pages_per_minute))


def test_the_fleet_is_no_larger_than_the_input_needs() -> None:
    """2.5 instances' worth of pages: three, from whatever it started with."""
    for capacity in (0, 3, 30):
        fleet = FluidFleet(capacity=capacity)
        fleet.run(WorkPolicy(bounds=Bounds(maximum=60)), itertools.repeat(125.0, DAY))
        assert set(fleet.capacities[SETTLED:]) == {3}, capacity


def test_without_the_floor_of_the_throughput_it_would_oscillate() -> None:
    """What the floor is for: with one that allows any utilisation the fleet goes up and down all day."""
    fleet = FluidFleet()
    fleet.run(WorkPolicy(max_utilisation=1e9), itertools.repeat(125.0, DAY))
    turns = reversals(fleet.capacities[SETTLED:])
    assert turns > 10


@pytest.mark.parametrize(("spread", "most_turns"), [(9.3, 0), (20.0, 6)])
def test_documents_that_come_at_random_rarely_turn_the_fleet(spread: float, most_turns: int) -> None:
    """86 documents a minute in two days, with the spread of a Poisson process, and with twice that."""
    rng = random.Random(20)
    fleet = FluidFleet()
    fleet.run(
        WorkPolicy(bounds=Bounds(maximum=60)), (5 * max(0.0, rng.gauss(86, spread)) for _ in range(2 * DAY))
    )
    turns = reversals(fleet.capacities[SETTLED:])
    assert turns <= most_turns
    assert max(fleet.delays_minutes[SETTLED:]) <= 15

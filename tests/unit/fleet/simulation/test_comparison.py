"""Comparison: the cheapest static fleet is the cheapest, and the chosen policy is compared with it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tests.unit.fleet.simulation.scenario_parts import STEADY, backfill_scenario, make_scenario
from worker.fleet.simulation.comparison import Comparison, compare
from worker.fleet.simulation.result import simulate
from worker.fleet.simulation.scenarios.policy_settings import StaticSettings
from worker.fleet.simulation.workload import make_workload

pytestmark = pytest.mark.unit

BUSY = [STEADY | {"documents_per_hour": 17_000}]


@cache
def busy() -> Comparison:
    return compare(make_scenario(arrivals=BUSY, duration_days=0.1))


def test_one_instance_less_than_the_cheapest_static_fleet_misses_the_target() -> None:
    found = busy()
    assert found.static is not None
    assert found.static.meets_target
    load = make_workload(found.scenario)
    smaller = StaticSettings(kind="static", instances=found.static.peak_instances - 1)
    assert not simulate(found.scenario, load, smaller).meets_target


def test_the_chosen_policy_is_right_for_a_busy_load() -> None:
    found = busy()
    assert found.chosen.policy == "pages"
    assert found.faults == []
    assert found.instance_ratio is not None
    assert found.instance_ratio <= 1.1


def test_what_speaks_against_a_policy_is_said() -> None:
    found = busy()
    assert found.static is not None
    bad = replace(
        found.chosen,
        meets_target=False,
        busy_killed=3,
        costs=replace(found.chosen.costs, ec2=2 * found.static.costs.ec2),
    )
    results = tuple(bad if each is found.chosen else each for each in found.results)
    assert replace(found, results=results).faults == [
        "misses the delay target",
        "takes more than 1.1 times the instances of the cheapest static fleet",
        "kills 3 busy instances",
    ]


def test_where_no_static_fleet_is_in_time_there_is_none_to_compare_with() -> None:
    found = compare(make_scenario(arrivals=BUSY, duration_days=0.02, max_static_instances=1))
    assert (found.static, found.ratio, found.instance_ratio) == (None, None, None)


def test_a_larger_fleet_that_is_sooner_done_may_be_the_cheapest() -> None:
    """One that is on demand costs by the time that all take."""
    found = compare(
        backfill_scenario(
            5_000,
            target={"delay_s": 10_000},
            instances={"vcpus": 4, "boot_s": 10, "on_demand_base": 1},
            prices={"as_of": "x", "region": "y", "spot_instance_hour": 0.01, "on_demand_instance_hour": 2},
        )
    )
    assert found.static is not None
    assert found.static.peak_instances > 1


def test_progress_is_reported_and_a_short_queue_needs_no_check() -> None:
    said: list[str] = []
    found = compare(backfill_scenario(500), said.append)
    assert found.fluid_check is None
    assert said[:2] == ["static: 500 documents", "pages: 500 documents"]
    assert "instances" in said[2]

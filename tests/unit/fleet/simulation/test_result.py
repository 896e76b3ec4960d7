"""Result: the figures of a run, by hand where that can be done."""

from __future__ import annotations

import math

import pytest

from tests.unit.fleet.simulation.scenario_parts import STEADY, backfill_scenario, make_scenario
from worker.fleet.simulation.result import Result, count_changes, simulate
from worker.fleet.simulation.scenarios.scenario import Scenario
from worker.fleet.simulation.workload import make_workload

pytestmark = pytest.mark.unit


def result(scenario: Scenario) -> Result:
    return simulate(scenario, make_workload(scenario), scenario.policies[0])


def test_a_backfill_on_a_fixed_fleet_can_be_computed_by_hand() -> None:
    # 1000 documents of 4 s on 8 slots that are there after 120 s: 500 s of work; two shards of 2 s each.
    found = result(backfill_scenario(1000))
    assert found.drained_s == pytest.approx(620)
    assert found.delay_p50_s == pytest.approx(370, abs=2)
    assert found.delay_p95_s == pytest.approx(595, abs=2)
    assert (found.documents, found.pages, found.peak_instances) == (1000, 4000, 2)
    assert found.instance_hours == pytest.approx(2 * 620 / 3600)
    assert found.done_s[50] == pytest.approx(370, abs=2)
    assert found.meets_target


def test_a_run_of_a_fixed_length_is_paid_for_to_its_end() -> None:
    found = result(make_scenario(duration_days=0.1))
    assert found.instance_hours == pytest.approx(2 * 2.4, rel=0.01)
    assert found.hours_to_drain <= found.instance_hours


def test_the_target_is_about_its_own_percentile() -> None:
    found = result(backfill_scenario(1000, target={"delay_s": 300, "percentile": 25}))
    assert found.target_delay_s == pytest.approx(245, abs=2)
    assert found.meets_target
    assert not result(backfill_scenario(1000, target={"delay_s": 300})).meets_target


def test_a_run_that_is_never_done_misses_every_target() -> None:
    arrivals = [STEADY | {"documents_per_hour": 30_000}]
    found = result(make_scenario(arrivals=arrivals, limit_days=0.1, duration_days=0.05))
    assert found.drained_s is None
    assert math.isinf(found.delay_p95_s)
    assert not found.meets_target


@pytest.mark.parametrize(
    ("desired", "expected"),
    [
        ([2, 2, 2], (0, 0)),
        ([1, 2, 3, 4], (3, 0)),
        ([1, 3, 2, 3], (3, 2)),
        ([1, 3, *[3] * 28, 2], (2, 1)),
        ([1, 3, *[3] * 30, 2], (2, 0)),
        ([], (0, 0)),
    ],
)
def test_what_is_taken_back_within_half_an_hour_is_an_oscillation(
    desired: list[int], expected: tuple[int, int]
) -> None:
    assert count_changes(desired) == expected


def test_curves_have_a_bounded_number_of_points_and_the_delays_of_their_time() -> None:
    curves = result(make_scenario(duration_days=1)).curves
    assert len(curves.hours) == len(curves.backlogs) == len(curves.in_service) == len(curves.delays_s) <= 600
    assert 0 < curves.delays_s[-10:].max() < 60

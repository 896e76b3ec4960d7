"""Assumptions: a plan says what it rests on."""

from __future__ import annotations

import pytest

from tests.unit.fleet.simulation.scenario_parts import BACKFILL, STEADY, make_scenario
from worker.fleet.simulation.assumptions import describe_assumptions
from worker.fleet.simulation.workload import make_workload

pytestmark = pytest.mark.unit


def test_they_name_load_machines_quotas_prices_and_what_is_left_out() -> None:
    scenario = make_scenario(
        arrivals=[BACKFILL, STEADY, {"kind": "office_day", "documents_per_day": 2400}],
        instances={"vcpus": 4, "boot_s": 120, "boot_spread_s": 30, "interruptions_per_hour": 0.01},
        quotas={"images_per_minute": 2000},
    )
    said = describe_assumptions(scenario, make_workload(scenario))
    assert said["arrivals"] == (
        "1,000 queued at 1,000 a second (`cis-worker backfill --rate 1000 --depth 1000`); "
        "360 an hour, day and night; 2,400 a working day, 5% of it at weekends"
    )
    assert "100% scan (4.0 pages, 1 s a page)" in said["documents"]
    assert "2 min to boot, up to 30 s more" in said["instances"]
    assert "one is interrupted in 100 hours, 10% of them without a notice" in said["instances"]
    assert said["quotas"] == "no limit of vCPUs; 2,000 image vectors a minute"
    assert "2026-11" in said["prices"]
    assert said["target"] == "95 % searchable within 15 min of their event"
    assert "left out" in said

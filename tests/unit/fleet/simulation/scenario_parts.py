"""Small scenarios: one kind of document whose pages take a second each, unless a test says otherwise."""

from __future__ import annotations

from typing import Any

from worker.fleet.simulation.scenarios.scenario import Scenario

STEADY = {"kind": "steady", "documents_per_hour": 360}
BACKFILL = {"kind": "backfill", "documents": 1000, "documents_per_s": 1000}
PAGES = {
    "kind": "pages",
    "acceptable_delay_s": 600,
    "max_capacity": 20,
    "assumed_pages": 4,
    "assumed_pages_per_minute": 240,
}


def scenario_values(**changes: Any) -> dict[str, Any]:
    """The values of a scenario file; `changes` replace some."""
    values: dict[str, Any] = {
        "title": "test",
        "seed": 7,
        "duration_days": 0.1,
        "target": {"delay_s": 900},
        "arrivals": [STEADY],
        "documents": [{"name": "scan", "share": 1, "pages": 4, "seconds_per_page": 1}],
        "instances": {"vcpus": 4, "boot_s": 120},
        "prices": {
            "as_of": "2026-11",
            "region": "ap-northeast-1",
            "spot_instance_hour": 0.08,
            "on_demand_instance_hour": 0.2,
        },
        "policies": [{"kind": "static", "instances": 2}, PAGES],
        "chosen": "pages",
    }
    values.update(changes)
    return {name: value for name, value in values.items() if value is not None}


def make_scenario(**changes: Any) -> Scenario:
    """A scenario of these values."""
    return Scenario.model_validate(scenario_values(**changes))


def backfill_scenario(count: int = 1000, /, **changes: Any) -> Scenario:
    """One whose documents come at once, and that ends when they are done."""
    arrivals = [BACKFILL | {"documents": count, "documents_per_s": count}]
    return make_scenario(**{"arrivals": arrivals, "duration_days": None} | changes)

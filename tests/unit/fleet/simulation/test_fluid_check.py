"""The fluid steps, checked against the exact run of 100,000 documents: 2 % at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fleet.simulation.scenario_parts import make_scenario
from worker.fleet.simulation.fluid_check import ALLOWED_DIFFERENCE, CHECKED_DOCUMENTS, check_fluid
from worker.fleet.simulation.scenarios.scenario_file import load_scenario
from worker.fleet.simulation.service import FLUID_ABOVE

pytestmark = pytest.mark.unit

BACKFILL = Path(__file__).parents[4] / "infra" / "scenarios" / "backfill.yaml"


def test_every_policy_on_a_hundred_thousand_documents() -> None:
    found = check_fluid(load_scenario(BACKFILL))
    assert found is not None
    assert (found.documents, CHECKED_DOCUMENTS) == (100_000, FLUID_ABOVE)
    assert sorted(found.differences) == ["pages", "static 32", "step", "target_tracking"]
    assert all(len(figures) == 5 for figures in found.differences.values())
    assert 0 < found.largest <= ALLOWED_DIFFERENCE == 0.02


def test_also_where_interruptions_are_frequent() -> None:
    scenario = load_scenario(BACKFILL)
    often = {"interruptions_per_hour": 0.1, "without_notice": 0.5}
    instances = scenario.instances.model_copy(update=often)
    found = check_fluid(scenario.model_copy(update={"instances": instances}))
    assert found is not None
    assert found.largest <= ALLOWED_DIFFERENCE


def test_a_scenario_without_a_backfill_has_no_fluid_steps_to_check() -> None:
    assert check_fluid(make_scenario()) is None

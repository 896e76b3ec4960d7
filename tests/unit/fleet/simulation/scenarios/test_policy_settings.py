"""The settings of policies: their names, their defaults, and bounds that are in order."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker.fleet.decision import StepPolicy, WorkPolicy
from worker.fleet.simulation.scenarios.policy_settings import PagesSettings, StaticSettings, StepSettings

pytestmark = pytest.mark.unit


def test_a_policy_is_called_by_its_name_or_its_kind() -> None:
    assert StaticSettings(kind="static", instances=3).label == "static"
    assert StaticSettings(kind="static", instances=3, name="three").label == "three"


@pytest.mark.parametrize(
    "name",
    ["scale_out_threshold", "scale_in_threshold", "messages_per_instance", "scale_out_increment"],
)
def test_the_step_policy_has_the_defaults_of_production(name: str) -> None:
    assert getattr(StepSettings(kind="step"), name) == getattr(StepPolicy(), name)


@pytest.mark.parametrize("name", ["sustained_minutes", "tolerance", "max_utilisation", "deviations"])
def test_the_work_policy_has_the_defaults_of_production(name: str) -> None:
    assert getattr(PagesSettings(kind="pages", acceptable_delay_s=60), name) == getattr(WorkPolicy(), name)


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"at most `max_capacity` \(2\), is 3"):
        StepSettings(kind="step", min_capacity=3, max_capacity=2)

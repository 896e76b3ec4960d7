"""Prices and usage: nothing is negative, and a price without a date is no price."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker.fleet.simulation.scenarios.prices import Prices, Usage

pytestmark = pytest.mark.unit

GIVEN = {"as_of": "2026-11", "region": "x", "spot_instance_hour": 0.1, "on_demand_instance_hour": 0.2}


def test_what_is_not_given_costs_nothing() -> None:
    assert Prices.model_validate(GIVEN).bedrock_thousand_images == 0


@pytest.mark.parametrize("change", [{"spot_instance_hour": -0.1}, {"as_of": None}, {"spot": 1}])
def test_a_wrong_price_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Prices.model_validate(GIVEN | change)


def test_a_document_has_calls_without_any_being_given() -> None:
    assert Usage().sqs_requests > 0
    with pytest.raises(ValidationError):
        Usage(s3_puts=-1)

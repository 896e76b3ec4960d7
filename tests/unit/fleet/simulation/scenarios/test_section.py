"""Section: only known keys, and numbers that are numbers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker.fleet.simulation.scenarios.section import Count, Positive, Section

pytestmark = pytest.mark.unit


class Oven(Section):
    """A section for these tests."""

    heat: Positive
    trays: Count = 1


def fault(value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Oven.model_validate(value)
    return caught.value.errors()[0]["msg"]


def test_known_keys_are_taken() -> None:
    oven = Oven.model_validate({"heat": 200, "trays": 2})
    assert (oven.heat, oven.trays) == (200.0, 2)


def test_an_unknown_key_is_named_with_the_nearest_one_and_all_that_are_allowed() -> None:
    assert fault({"heet": 200}) == "unknown key `heet` (did you mean `heat`?); allowed: heat, trays"


@pytest.mark.parametrize("value", [None, 5, "heat", ["heat"]])
def test_what_is_no_mapping_is_refused(value: object) -> None:
    assert fault(value).startswith("must be a mapping with the keys heat, trays, is ")


def test_a_boolean_is_no_number() -> None:
    assert fault({"heat": True}) == "must be a number, is true"


@pytest.mark.parametrize("heat", [0, -1, float("nan"), float("inf"), "warm"])
def test_numbers_out_of_range_are_refused(heat: object) -> None:
    assert fault({"heat": heat}).startswith("Input should be")

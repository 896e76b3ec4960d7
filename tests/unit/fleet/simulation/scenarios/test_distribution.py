"""Distribution: its three forms, and that they give what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from worker.fleet.simulation.scenarios.distribution import Distribution

pytestmark = pytest.mark.unit


def sample(value: object, size: int = 20_000) -> np.ndarray:
    return Distribution.model_validate(value).sample(np.random.RandomState(1), size)


def test_a_number_is_always_the_same() -> None:
    assert sample(3, 4).tolist() == [3.0, 3.0, 3.0, 3.0]


def test_median_and_p95_are_those_given() -> None:
    drawn = sample({"median": 4, "p95": 40})
    assert np.percentile(drawn, 50) == pytest.approx(4, rel=0.05)
    assert np.percentile(drawn, 95) == pytest.approx(40, rel=0.08)


def test_nothing_is_over_max() -> None:
    assert sample({"median": 4, "p95": 40, "max": 50}).max() == 50


def test_values_have_their_shares() -> None:
    drawn = sample({"values": {1: 3, 10: 1}})
    assert sorted(set(drawn.tolist())) == [1.0, 10.0]
    assert (drawn == 1).mean() == pytest.approx(0.75, abs=0.02)


def test_the_same_state_gives_the_same_values() -> None:
    form = {"median": 2, "p95": 9}
    assert sample(form, 50).tolist() == sample(form, 50).tolist()


@pytest.mark.parametrize(
    "value",
    [{}, {"median": 3}, {"p95": 3}, {"value": 1, "median": 3, "p95": 5}, {"values": {}}, {"mean": 3}, -1],
)
def test_what_is_no_form_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Distribution.model_validate(value)


def test_a_p95_below_the_median_is_refused_with_both() -> None:
    with pytest.raises(ValidationError, match=r"at least `median` \(9.0\), is 3.0"):
        Distribution.model_validate({"median": 9, "p95": 3})

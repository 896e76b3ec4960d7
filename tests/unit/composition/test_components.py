"""Settings become the components of a worker."""

from __future__ import annotations

import pytest

from worker.composition.components import poll_wait_s
from worker.config import load_settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("settings", "wait_s"),
    [
        ({}, 2),
        ({"poll_wait_s": 20}, 2),
        ({"poll_wait_s": 0}, 0),
        ({"stop_budget_s": 3.0}, 1),
        ({"visibility_s": 10}, 2),
    ],
)
def test_no_poll_is_longer_than_a_stop_may_wait(settings: dict[str, object], wait_s: int) -> None:
    assert poll_wait_s(load_settings(**settings)) == wait_s

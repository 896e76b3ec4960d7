"""What is not tried again before a time."""

from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.resilience.postponements import Postponements

pytestmark = pytest.mark.unit


@pytest.fixture
def postponements(clock: Clock) -> Postponements:
    return Postponements(clock=clock, first_s=30, longest_s=300)


def _wait_s(postponements: Postponements, clock: Clock) -> int:
    began = clock.now
    while "a" in postponements:
        clock.now += 1
    return int(clock.now - began)


def test_each_wait_of_a_key_is_twice_the_last_up_to_the_longest(
    postponements: Postponements, clock: Clock
) -> None:
    waits = []
    for _ in range(6):
        postponements.add("a")
        waits.append(_wait_s(postponements, clock))
    assert waits == [30, 60, 120, 240, 300, 300]


def test_threads_that_meet_one_fault_count_as_one(postponements: Postponements, clock: Clock) -> None:
    assert postponements.add("a")
    assert not postponements.add("a")
    assert _wait_s(postponements, clock) == 30


def test_a_key_does_not_delay_another(postponements: Postponements) -> None:
    postponements.add("a")
    assert "a" in postponements
    assert "b" not in postponements


def test_a_key_that_succeeded_starts_over(postponements: Postponements, clock: Clock) -> None:
    postponements.add("a")
    clock.now += 30
    postponements.remove("a")
    postponements.remove("never added")
    assert postponements.add("a")
    assert _wait_s(postponements, clock) == 30


def test_what_was_postponed_long_ago_is_forgotten(postponements: Postponements, clock: Clock) -> None:
    postponements.add("a")
    clock.now += 331
    postponements.add("b")
    assert postponements.add("a")
    assert _wait_s(postponements, clock) == 30

"""The pause that many tasks keep."""

from __future__ import annotations

from random import Random

import pytest

from tests.unit.clock import Clock
from worker.errors import ThrottledError, UnavailableError
from worker.resilience.shared_pause import SharedPause

pytestmark = pytest.mark.unit

DOWN = UnavailableError("down")


@pytest.fixture
def pause(clock: Clock) -> SharedPause:
    return SharedPause(clock=clock, random=Random(1))


def test_it_grows_with_each_failure_up_to_its_limit_and_starts_over_after_a_success(
    pause: SharedPause, clock: Clock
) -> None:
    lengths = []
    for _ in range(8):
        pause.begin(DOWN, longest_s=30)
        lengths.append(pause.left_s)
        clock.now += pause.left_s
    assert pause.left_s == 0
    for number, length in enumerate(lengths[:4]):
        assert 2**number <= length <= 1.5 * 2**number
    assert lengths[-1] == pytest.approx(30)
    pause.end()
    pause.begin(DOWN, longest_s=30)
    assert pause.left_s <= 1.5


def test_failures_at_the_same_time_count_as_one(pause: SharedPause) -> None:
    pause.begin(DOWN, longest_s=30)
    first = pause.left_s
    pause.begin(DOWN, longest_s=30)
    assert pause.left_s == first


def test_a_service_that_names_a_time_is_waited_for(pause: SharedPause) -> None:
    pause.begin(ThrottledError("slow down", retry_after_s=12), longest_s=30)
    assert pause.left_s == 12


def test_it_can_be_shortened_and_never_made_longer(pause: SharedPause) -> None:
    pause.begin(ThrottledError("slow down", retry_after_s=12), longest_s=30)
    pause.shorten(2)
    assert pause.left_s == 2
    pause.shorten(5)
    assert pause.left_s == 2

from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.maintenance.pace import Pace

pytestmark = pytest.mark.unit


def test_twenty_operations_at_five_a_second_take_nearly_four_seconds() -> None:
    clock = Clock(now=0.0)
    pace = Pace(5, wait=clock.wait, clock=clock)

    assert all(pace.take() for _ in range(20))
    assert clock.now == pytest.approx(3.8)


def test_a_batch_counts_each_of_its_operations() -> None:
    clock = Clock(now=0.0)
    pace = Pace(5, wait=clock.wait, clock=clock)

    pace.take(10)
    pace.take(10)

    assert clock.now == pytest.approx(2.0)


def test_time_that_passed_unused_is_not_made_up_for() -> None:
    clock = Clock(now=0.0)
    pace = Pace(1, wait=clock.wait, clock=clock)
    pace.take()
    clock.now = 100.0
    pace.take()
    pace.take()

    assert clock.now == pytest.approx(101.0)


def test_a_stop_is_heard_in_the_wait_and_without_a_pace() -> None:
    clock = Clock(now=0.0)
    waits: list[float] = []

    def stop(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 1

    assert [Pace(None, wait=stop, clock=clock).take() for _ in range(2)] == [True, False]
    assert waits == [0.0, 0.0]


def test_what_was_stopped_took_no_turn() -> None:
    clock = Clock(now=0.0)
    stopping = True
    pace = Pace(1, wait=lambda seconds: stopping or clock.wait(seconds), clock=clock)
    pace.take()
    stopping = False
    pace.take()

    assert clock.now == 0.0


@pytest.mark.parametrize("per_s", [0, -1.0])
def test_a_pace_of_nothing_is_refused(per_s: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Pace(per_s, wait=lambda _: False)

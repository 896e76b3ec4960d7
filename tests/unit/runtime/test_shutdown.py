"""The latch: one way, never later, and in proportion where time is short. The clock is the test's."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from worker.runtime.shutdown import Shutdown

pytestmark = pytest.mark.unit


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shutdown(clock: Clock) -> Shutdown:
    return Shutdown(timeout_s=110.0, clock=clock)


def test_nothing_stops_without_a_request(shutdown: Shutdown) -> None:
    assert shutdown.stop is None
    assert not shutdown.is_requested
    assert shutdown.failure is None
    assert not shutdown.wait(0)


def test_a_request_sets_the_latch_with_reason_and_deadline(shutdown: Shutdown, clock: Clock) -> None:
    stop = shutdown.request("spot notice")
    assert (stop.reason, stop.began, stop.deadline, stop.now) == ("spot notice", 1_000.0, 1_110.0, False)
    assert shutdown.stop == stop
    assert shutdown.is_requested
    assert shutdown.wait(3_600)
    assert shutdown.now() == clock.now


@pytest.mark.parametrize(
    ("within_s", "deadline"),
    [(None, 1_110.0), (15.0, 1_015.0), (500.0, 1_110.0), (0.0, 1_000.0), (-5.0, 1_000.0)],
)
def test_a_notice_can_shorten_the_timeout_and_never_extend_it(
    shutdown: Shutdown, within_s: float | None, deadline: float
) -> None:
    assert shutdown.request("notice", within_s=within_s).deadline == deadline


def test_a_second_request_never_moves_the_deadline_back(shutdown: Shutdown, clock: Clock) -> None:
    first = shutdown.request("SIGTERM")
    clock.now += 60
    assert shutdown.request("spot notice") == first
    assert shutdown.request("spot notice", within_s=50.0) == first


def test_a_later_notice_may_bring_the_deadline_forward(shutdown: Shutdown, clock: Clock) -> None:
    shutdown.request("rebalance")
    clock.now += 10
    stop = shutdown.request("spot notice", within_s=20.0)
    assert (stop.reason, stop.began, stop.deadline) == ("rebalance", 1_010.0, 1_030.0)


@pytest.mark.parametrize(
    ("within_s", "requeue_by", "flush_by"),
    [
        (110.0, 1_080.0, 1_095.0),
        (60.0, 1_030.0, 1_045.0),
        (30.0, 1_015.0, 1_022.5),
        (6.0, 1_003.0, 1_004.5),
        (0.0, 1_000.0, 1_000.0),
    ],
)
def test_the_deadlines_keep_their_distance_or_their_proportion(
    shutdown: Shutdown, within_s: float, requeue_by: float, flush_by: float
) -> None:
    stop = shutdown.request("notice", within_s=within_s)
    assert stop.requeue_by == pytest.approx(requeue_by)
    assert stop.flush_by == pytest.approx(flush_by)


def test_the_deadlines_move_in_proportion_to_what_a_later_notice_leaves(
    shutdown: Shutdown, clock: Clock
) -> None:
    shutdown.request("SIGTERM")
    clock.now += 70
    stop = shutdown.request("spot notice", within_s=12.0)
    assert stop.requeue_by == pytest.approx(1_076.0)
    assert stop.flush_by == pytest.approx(1_079.0)


def test_a_second_signal_requeues_everything_at_once(shutdown: Shutdown, clock: Clock) -> None:
    shutdown.request("signal")
    clock.now += 5
    stop = shutdown.request_now("second signal")
    assert (stop.reason, stop.now) == ("signal", True)
    assert stop.requeue_by == clock.now
    assert stop.deadline == 1_110.0
    assert shutdown.stop == stop


def test_an_end_at_once_needs_no_notice_before(shutdown: Shutdown, clock: Clock) -> None:
    stop = shutdown.request_now("signal")
    assert (stop.reason, stop.now, stop.requeue_by) == ("signal", True, clock.now)


def test_at_once_stays_at_once_when_the_deadline_comes_forward(shutdown: Shutdown, clock: Clock) -> None:
    shutdown.request_now("signal")
    clock.now += 1
    stop = shutdown.request("spot notice", within_s=10.0)
    assert (stop.now, stop.deadline) == (True, 1_011.0)
    assert stop.requeue_by == clock.now


def test_a_failure_stops_the_worker_and_the_first_one_is_reported(shutdown: Shutdown) -> None:
    first, second = ValueError("queue is missing"), ValueError("table is missing")
    shutdown.fail(first)
    shutdown.fail(second)
    assert shutdown.failure is first
    assert shutdown.stop is not None
    assert shutdown.stop.reason == "queue is missing"


def test_a_stop_ends_a_wait(shutdown: Shutdown) -> None:
    woken = threading.Event()

    def wait_long() -> None:
        if shutdown.wait(3_600):
            woken.set()

    thread = threading.Thread(target=wait_long, daemon=True)
    thread.start()
    shutdown.request("SIGTERM")
    assert woken.wait(60)
    thread.join(60)


def test_the_same_notice_read_again_does_not_move_the_deadlines() -> None:
    now = [0.0]
    shutdown = Shutdown(timeout_s=110, clock=lambda: now[0])
    first = shutdown.request("notice", within_s=60)
    now[0] = 40.0
    assert shutdown.request("notice", within_s=19.999) == first
    assert shutdown.request("another notice", within_s=10).deadline == 50.0

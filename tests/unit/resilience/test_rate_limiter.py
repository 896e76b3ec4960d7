"""How calls are paced, and how the pace adapts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.resilience.rate_limiter import AdaptiveRateLimiter, RateLimitedError

pytestmark = pytest.mark.unit


class VirtualTime:
    """A clock that moves only while somebody waits."""

    def __init__(self) -> None:
        self.now = 500.0

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        self.now += seconds
        return False


def limiter(
    virtual: VirtualTime, initial: float, low: float = 1.0, high: float = 100.0
) -> AdaptiveRateLimiter:
    return AdaptiveRateLimiter(initial, low, high, clock=virtual.clock, wait=virtual.wait)


def test_twenty_calls_at_five_a_second_take_about_four_seconds() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 5.0)
    for _ in range(20):
        paced.acquire()
    assert virtual.now - 500.0 == pytest.approx(3.8)


def test_an_idle_hour_allows_no_burst() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 5.0)
    paced.acquire()
    virtual.now += 3600.0
    began = virtual.now
    for _ in range(6):
        paced.acquire()
    assert virtual.now - began == pytest.approx(1.0)


def test_a_call_that_is_due_does_not_wait() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 5.0)
    paced.acquire()
    virtual.now += 0.3
    paced.acquire()
    assert virtual.now == 500.3


def test_threads_share_the_pace() -> None:
    waits: list[float] = []
    paced = AdaptiveRateLimiter(10.0, 1.0, 100.0, clock=lambda: 0.0, wait=waits.append)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(paced.acquire) for _ in range(40)]:
            done.result()
    assert sorted(waits) == pytest.approx([number / 10 for number in range(1, 40)])


def test_a_throttle_lowers_and_is_counted() -> None:
    paced = limiter(VirtualTime(), 20.0)
    paced.on_throttle()
    assert paced.current_rate == 10.0
    assert paced.throttle_count == 1


def test_throttles_of_one_moment_lower_once_and_count_all() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 20.0)
    paced.on_throttle()
    virtual.now += 0.9
    paced.on_throttle()
    assert (paced.current_rate, paced.throttle_count) == (10.0, 2)
    virtual.now += 0.1
    paced.on_throttle()
    assert (paced.current_rate, paced.throttle_count) == (5.0, 3)


def test_the_rate_never_falls_below_the_minimum() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 5.0, low=2.0)
    for _ in range(10):
        paced.on_throttle()
        virtual.now += 1.0
    assert paced.current_rate == 2.0


def test_a_success_raises_the_rate_a_little_up_to_the_maximum() -> None:
    paced = limiter(VirtualTime(), 5.0, high=5.01)
    paced.on_success()
    assert paced.current_rate == pytest.approx(5.004)
    for _ in range(1000):
        paced.on_success()
    assert paced.current_rate == 5.01


@pytest.mark.parametrize("rate", [0.05, 1.0, 20.0])
def test_calls_at_the_current_rate_raise_it_by_one_fiftieth_in_a_second(rate: float) -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, rate, low=0.05)
    paced.acquire()
    while virtual.now < 600.0:
        paced.acquire()
        paced.on_success()
    assert paced.current_rate == pytest.approx(rate + 0.02 * (virtual.now - 500.0), rel=0.2)


def test_an_idle_hour_does_not_raise_the_rate() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 5.0)
    virtual.now += 3600.0
    paced.on_success()
    assert paced.current_rate < 5.01


def test_a_call_whose_turn_is_too_far_away_is_refused_and_takes_no_turn() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 0.05, low=0.05)
    paced.acquire()
    for _ in range(3):
        with pytest.raises(RateLimitedError, match=r"0\.05 calls a second.*20 s") as caught:
            paced.acquire(max_wait_s=10.0)
    assert caught.value.retry_after_s == 20.0
    assert virtual.now == 500.0
    virtual.now += 10.0
    paced.acquire(max_wait_s=10.0)
    assert virtual.now == 520.0


def test_a_lowered_rate_paces_the_next_calls() -> None:
    virtual = VirtualTime()
    paced = limiter(virtual, 10.0)
    paced.on_throttle()
    for _ in range(6):
        paced.acquire()
    assert virtual.now - 500.0 == pytest.approx(1.0)


def test_without_a_clock_given_it_really_waits() -> None:
    paced = AdaptiveRateLimiter(100.0, 1.0, 100.0)
    began = time.monotonic()
    for _ in range(4):
        paced.acquire()
    assert time.monotonic() - began >= 0.025


@pytest.mark.parametrize("rates", [(5.0, 0.0, 10.0), (5.0, 6.0, 10.0), (11.0, 1.0, 10.0), (-1.0, -2.0, 5.0)])
def test_inconsistent_rates_are_rejected(rates: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="min_rate <= initial_rate <= max_rate"):
        AdaptiveRateLimiter(*rates)

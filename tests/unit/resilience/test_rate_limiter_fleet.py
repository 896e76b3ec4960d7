"""Twenty workers on one quota, in virtual time: none knows of the others, and together they fit."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from random import Random

import pytest

from worker.resilience.rate_limiter import AdaptiveRateLimiter

pytestmark = pytest.mark.unit

WORKERS = 20
CALLERS = 6
QUOTA_PER_S = 2_000 / 60
FIRST_RATE, FLOOR, CEILING = 20.0, 0.05, 100.0


@dataclass(kw_only=True)
class Fleet:
    """Workers that always have something to embed, on a quota that fills once a second.

    A throttled call is repeated three times with growing delays, as RetryHandler does.
    """

    random: Random
    now: float = 0.0
    accepted: int = 0
    throttled: int = 0
    _quota: float = 0.0
    _filled_at: float = 0.0
    _order: int = 0
    _waits: list[float] = field(default_factory=list)
    _events: list[tuple[float, int, str, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiters = [
            AdaptiveRateLimiter(FIRST_RATE, FLOOR, CEILING, clock=lambda: self.now, wait=self._waits.append)
            for _ in range(WORKERS)
        ]
        for worker in range(WORKERS):
            for _ in range(CALLERS):
                self._add(self.random.uniform(0.0, 5.0), "begin", worker, 0)

    def run(self, seconds: float) -> None:
        """Let time pass, from one event to the next."""
        while self._events[0][0] <= seconds:
            self.now, _, event, worker, tries = heapq.heappop(self._events)
            if event == "begin":
                self._waits.clear()
                self.limiters[worker].acquire()
                self._add(self.now + sum(self._waits), "call", worker, tries)
            elif event == "call":
                answer = "success" if self._take() else "throttle"
                self._add(self.now + self.random.uniform(0.1, 0.4), answer, worker, tries)
            elif event == "success":
                self.limiters[worker].on_success()
                self._add(self.now, "begin", worker, 0)
            else:
                self.limiters[worker].on_throttle()
                delay_s = 2.0**tries * self.random.uniform(1.0, 1.5)
                self._add(self.now + delay_s, "begin", worker, (tries + 1) % 4)

    def _add(self, at: float, event: str, worker: int, tries: int) -> None:
        self._order += 1
        heapq.heappush(self._events, (at, self._order, event, worker, tries))

    def _take(self) -> bool:
        self._quota = min(QUOTA_PER_S, self._quota + (self.now - self._filled_at) * QUOTA_PER_S)
        self._filled_at = self.now
        if self._quota < 1.0:
            self.throttled += 1
            return False
        self._quota -= 1.0
        self.accepted += 1
        return True


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_twenty_workers_share_one_quota_with_few_throttles(seed: int) -> None:
    seconds = 900.0
    fleet = Fleet(random=Random(seed))
    fleet.run(seconds)
    throttled_share = fleet.throttled / (fleet.accepted + fleet.throttled)
    used_share = fleet.accepted / (QUOTA_PER_S * seconds)
    assert throttled_share < 0.05, f"{throttled_share:.1%} throttled"
    assert used_share > 0.90, f"{used_share:.1%} of the quota used"


def test_a_quota_that_returns_is_found_again_within_minutes() -> None:
    fleet = Fleet(random=Random(4))
    for limiter in fleet.limiters:
        for _ in range(20):
            fleet.now += 1.0
            limiter.on_throttle()
    assert {limiter.current_rate for limiter in fleet.limiters} == {FLOOR}
    fleet.run(fleet.now + 180.0)
    assert sum(limiter.current_rate for limiter in fleet.limiters) > 0.7 * QUOTA_PER_S

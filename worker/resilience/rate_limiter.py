"""AdaptiveRateLimiter: paces calls, at half the rate after a throttle, a little faster after a success.

Each worker of a fleet has one, and none knows of the others: they share a quota because each raises its rate
by the same amount in a second and halves it when throttled (additive increase, multiplicative decrease).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from worker.errors import ThrottledError

_LOWER_FACTOR = 0.5
# In calls a second, for each second of calls at the current rate. A fleet of n workers approaches its quota n
# times as fast: twenty of them need 80 s from nothing to 2,000 calls a minute, and then exceed it little.
_RAISE_PER_S = 0.02
_THROTTLE_WINDOW_S = 1.0


class RateLimitedError(ThrottledError):
    """The call was not made: its turn would come in `retry_after_s` seconds, later than it may wait."""


class AdaptiveRateLimiter:
    """A token bucket of size one, filled at `current_rate` calls a second; may be shared by threads.

    There is no initial burst: 20 calls at 5 a second take 3.8 s. Rates are in calls a second.
    """

    def __init__(
        self,
        initial_rate: float,
        min_rate: float,
        max_rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        if not 0 < min_rate <= initial_rate <= max_rate:
            raise ValueError(
                f"rates must be 0 < min_rate <= initial_rate <= max_rate, "
                f"not {min_rate}, {initial_rate}, {max_rate}"
            )
        self.min_rate = min_rate
        self.max_rate = max_rate
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self._lock = threading.Lock()
        self._rate = float(initial_rate)
        self._next_call_at = clock()
        self._lowered_at: float | None = None
        self._throttles = 0

    # The two properties are bound by the specification; no product code reads them.

    @property
    def current_rate(self) -> float:
        """Calls a second allowed now."""
        return self._rate

    @property
    def throttle_count(self) -> int:
        """How often `on_throttle` was called."""
        return self._throttles

    def acquire(self, *, max_wait_s: float = math.inf) -> None:
        """Wait for the turn of this call; `wait` is called at most once, and may return early on a stop.

        Raises RateLimitedError at once, and takes no turn, when it would wait longer than `max_wait_s`.
        """
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_call_at)
            if turn - now > max_wait_s:
                raise RateLimitedError(
                    f"The service allows {self._rate:.2g} calls a second now, and this one would wait "
                    f"{turn - now:.0f} s for its turn; it is tried again later.",
                    retry_after_s=turn - now,
                )
            self._next_call_at = turn + 1.0 / self._rate
        if turn > now:
            self._wait(turn - now)

    def on_throttle(self) -> None:
        """Halve the rate, but not below `min_rate`."""
        with self._lock:
            self._throttles += 1
            now = self._clock()
            # Calls in flight together are throttled together: within a second only the first one counts.
            if self._lowered_at is not None and now - self._lowered_at < _THROTTLE_WINDOW_S:
                return
            self._lowered_at = now
            self._rate = max(self.min_rate, self._rate * _LOWER_FACTOR)

    def on_success(self) -> None:
        """Raise the rate a little, but not above `max_rate`."""
        with self._lock:
            # One call stands for 1 / rate seconds. By the clock an idle worker would raise its rate, too,
            # without knowing whether the quota has room for it.
            self._rate = min(self.max_rate, self._rate + _RAISE_PER_S / self._rate)

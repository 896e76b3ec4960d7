"""AdaptiveRateLimiter: paces calls, at half the rate after a throttle, a little faster after a success."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Down fast and up slowly, like TCP: a fleet shares the quota of the account.
_LOWER_FACTOR = 0.5
_RAISE_SHARE = 0.01
_THROTTLE_WINDOW_S = 1.0


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

    def acquire(self) -> None:
        """Wait for the turn of this call; `wait` is called at most once, and may return early on a stop."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_call_at)
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
        """Raise the rate by a hundredth of `max_rate`, but not above it."""
        with self._lock:
            self._rate = min(self.max_rate, self._rate + self.max_rate * _RAISE_SHARE)

"""Pace: at most so many operations a second, with an ear for a stop."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Spreads operations over time: `per_s` a second, as fast as they come where it is None.

    There is no initial burst: 20 operations at 5 a second take 3.8 s. `wait` waits for some seconds (0 too)
    and returns True when a stop is requested. For one thread.
    """

    def __init__(
        self,
        per_s: float | None,
        *,
        wait: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if per_s is not None and per_s <= 0:
            raise ValueError(f"a pace is more than 0 operations a second, not {per_s}")
        self._per_s = per_s
        self._wait = wait
        self._clock = clock
        self._next_at = clock()

    def take(self, operations: int = 1) -> bool:
        """Wait for the turn of some operations; False when a stop comes first: they must not be made."""
        now = self._clock()
        # Time that passed unused is lost: a command that was slow for a minute must not make up for it.
        turn = max(now, self._next_at)
        # Also without a wait: the fastest command must hear the stop.
        if self._wait(turn - now):
            return False
        if self._per_s is not None:
            self._next_at = turn + operations / self._per_s
        return True

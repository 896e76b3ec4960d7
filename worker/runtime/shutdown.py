"""The one-way latch that ends a worker, with its reason and its deadline.

Every wait in the worker is a wait on this latch, so that no sleep can outlive a notice. The first
notice sets it; a later one may only bring the deadline forward, or ask for an end at once (a second
SIGTERM). Times are monotonic seconds of the injected clock; wall clocks are never compared.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

_FULL_BUDGET_S = 60.0
_REQUEUE_MARK_S = 30.0
_FLUSH_MARK_S = 15.0
_SAME_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Why and until when: `deadline` is when the process must be gone."""

    reason: str
    began: float
    deadline: float
    now: bool = False

    @property
    def _scale(self) -> float:
        return min(1.0, max(0.0, self.deadline - self.began) / _FULL_BUDGET_S)

    @property
    def requeue_by(self) -> float:
        """When every unfinished document must be requeued (30 s before the end, or in proportion)."""
        if self.now:
            return self.began
        return self.deadline - _REQUEUE_MARK_S * self._scale

    @property
    def flush_by(self) -> float:
        """When logs and metrics are flushed (15 s before the end, or in proportion)."""
        return self.deadline - _FLUSH_MARK_S * self._scale


class Shutdown:
    """Latch shared by all loops: `request` sets it, `wait` is the only way to wait."""

    def __init__(self, *, budget_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget_s = budget_s
        self._clock = clock
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._stop: Stop | None = None
        self.failure: Exception | None = None

    @property
    def stop(self) -> Stop | None:
        """The stop in force, None while the worker should go on."""
        return self._stop

    @property
    def requested(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop is not None

    def now(self) -> float:
        """The clock's monotonic seconds."""
        return self._clock()

    def request(self, reason: str, *, within_s: float | None = None) -> Stop:
        """Ask for a stop within `within_s` seconds (the budget, where that is shorter or not given).

        Asking again never moves the deadline back.
        """
        with self._lock:
            now = self._clock()
            budget_s = self._budget_s if within_s is None else min(self._budget_s, within_s)
            deadline = now + max(0.0, budget_s)
            if self._stop is None:
                self._stop = Stop(reason=reason, began=now, deadline=deadline)
            elif deadline < self._stop.deadline - _SAME_S:
                # The marks count from here; the same notice read again must not begin anew.
                self._stop = Stop(reason=self._stop.reason, began=now, deadline=deadline, now=self._stop.now)
            stop = self._stop
        self._event.set()
        return stop

    def request_now(self, reason: str) -> Stop:
        """Ask for everything to be requeued at once."""
        stop = self.request(reason)
        with self._lock:
            # Another thread may have brought the deadline forward since.
            self._stop = replace(self._stop or stop, began=self._clock(), now=True)
            return self._stop

    def fail(self, error: Exception) -> None:
        """Stop because only an operator can help; the process will end with a failure."""
        self.failure = self.failure or error
        self.request(str(error))

    def wait(self, timeout_s: float) -> bool:
        """Wait until the stop or the time-out; True means stop."""
        return self._event.wait(timeout_s)

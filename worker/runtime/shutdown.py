"""The one-way latch that ends a worker, with its reason and its deadlines.

Times are monotonic seconds of the injected clock; wall clocks are never compared.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

_FULL_TIMEOUT_S = 60.0
"""With a shorter timeout the deadlines below move closer to the end in proportion."""
_REQUEUE_BEFORE_END_S = 30.0
_FLUSH_BEFORE_END_S = 15.0
# A call in progress may end within this time after a second signal; one that hangs is not waited for.
_NOW_S = 30.0
# The same notice is read every two seconds, and its remaining time varies by the clock's rounding.
_SAME_DEADLINE_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Why and until when: `deadline` is when the process must have ended.

    `is_leaving` says that the machine goes away, so that its time is worth using; otherwise the process is
    restarted, and the sooner it ends the better.
    """

    reason: str
    began: float
    deadline: float
    now: bool = False
    is_leaving: bool = False

    @property
    def _scale(self) -> float:
        return min(1.0, max(0.0, self.deadline - self.began) / _FULL_TIMEOUT_S)

    @property
    def requeue_by(self) -> float:
        """When every unfinished document must be requeued (30 s before the end, or in proportion)."""
        if self.now:
            return self.began
        return self.deadline - _REQUEUE_BEFORE_END_S * self._scale

    @property
    def flush_by(self) -> float:
        """When logs and metrics are flushed (15 s before the end, or in proportion)."""
        flush_by = self.deadline - _FLUSH_BEFORE_END_S * self._scale
        return min(flush_by, self.began + _NOW_S) if self.now else flush_by

    @property
    def release_by(self) -> float:
        """When the messages of attempts that did not end in time must be released."""
        return self.flush_by + _FLUSH_BEFORE_END_S * self._scale / 2


class Shutdown:
    """Latch shared by all loops: `request` sets it, every wait of the worker is a `wait` on it."""

    def __init__(self, *, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._stop: Stop | None = None
        self.failure: Exception | None = None

    @property
    def stop(self) -> Stop | None:
        """The stop in effect, None while the worker should go on."""
        return self._stop

    @property
    def is_requested(self) -> bool:
        """Whether a stop was requested."""
        return self._stop is not None

    def now(self) -> float:
        """The clock's monotonic seconds."""
        return self._clock()

    def request(self, reason: str, *, within_s: float | None = None, is_leaving: bool = False) -> Stop:
        """Request a stop within `within_s` seconds (the timeout, where that is shorter or none is given).

        A later request may bring the deadline forward, and never moves it back.
        """
        with self._lock:
            now = self._clock()
            timeout_s = self._timeout_s if within_s is None else min(self._timeout_s, within_s)
            deadline = now + max(0.0, timeout_s)
            if self._stop is None:
                self._stop = Stop(reason=reason, began=now, deadline=deadline, is_leaving=is_leaving)
            elif deadline < self._stop.deadline - _SAME_DEADLINE_S:
                # The other deadlines follow from `began`: the same notice read again must not move it.
                self._stop = replace(self._stop, began=now, deadline=deadline)
            stop = self._stop
        self._event.set()
        return stop

    def hurry(self) -> None:
        """Use no more time than the pages in hand take: a signal after a notice means that it is over."""
        with self._lock:
            if self._stop is not None and self._stop.is_leaving:
                self._stop = replace(self._stop, is_leaving=False)

    def request_now(self, reason: str) -> Stop:
        """Request that everything is requeued at once (a second SIGTERM)."""
        stop = self.request(reason)
        with self._lock:
            # Another thread may have brought the deadline forward meanwhile.
            stop = self._stop or stop
            if not stop.now:
                self._stop = stop = replace(stop, began=self._clock(), now=True)
            return stop

    def fail(self, error: Exception) -> None:
        """Stop because only an operator can help; the process ends with exit status 1."""
        # The first failure is the cause; later ones often follow from it.
        self.failure = self.failure or error
        self.request(str(error))

    def wait(self, timeout_s: float) -> bool:
        """Wait until a stop is requested or the timeout passes; True means stop."""
        return self._event.wait(timeout_s)

"""Feeds systemd's watchdog, as long as every loop that matters goes on.

No thread of its own feeds it: that one would live on in a worker whose others hang. Each loop reports after
each of its steps, and the report that completes the round is what feeds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from worker.runtime.systemd.notifier import Notifier

# Fed so many times as often as it must be, where the loops are quick.
_FEEDS_IN_TIME = 4
# Where a loop is behind by so much of the time, the log says which.
_WARN_AFTER = 0.5

_log = structlog.get_logger(__name__)


class Watchdog:
    """The loops that are watched; with a `timeout_s` of 0 nothing is fed. May be shared by threads."""

    def __init__(
        self,
        notifier: Notifier | None = None,
        *,
        timeout_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifier = notifier or Notifier()
        self._timeout_s = timeout_s if self._notifier.is_on else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: set[str] = set()
        self._reported: set[str] = set()
        self._fed_at = clock()
        self._is_behind = False

    @property
    def timeout_s(self) -> float:
        """After how long without food systemd ends the process; 0: never."""
        return self._timeout_s

    def watch(self, name: str) -> None:
        """From now on a round needs a report of this loop."""
        with self._lock:
            self._watched.add(name)

    def forget(self, name: str) -> None:
        """The loop has ended, as it should."""
        with self._lock:
            self._watched.discard(name)
            self._reported.discard(name)

    def report(self, name: str) -> None:
        """The loop has made a step; feeds when all have since the last time."""
        if not self._timeout_s:
            return
        with self._lock:
            self._reported.add(name)
            missing = self._watched - self._reported
            waited_s = self._clock() - self._fed_at
            is_due = not missing and waited_s >= self._timeout_s / _FEEDS_IN_TIME
            if is_due:
                self._reported.clear()
                self._fed_at, self._is_behind = self._clock(), False
            is_late = bool(missing) and not self._is_behind and waited_s >= self._timeout_s * _WARN_AFTER
            if is_late:
                self._is_behind = True
        # Outside the lock: a slow socket must not hold the other loops up.
        if is_due:
            self._notifier.send(WATCHDOG=1)
        if is_late:
            _log.warning("loops_without_progress", loops=sorted(missing), seconds=round(waited_s, 1))
            self._notifier.send(STATUS=f"No progress for {waited_s:.0f} s: {', '.join(sorted(missing))}")

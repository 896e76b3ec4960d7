"""Postponements: what is not tried again before a time, which grows each time that it fails again.

A short first wait, because most faults are over soon; a long one later, because the others cost a call each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

_FACTOR = 2.0


@dataclass(kw_only=True, slots=True)
class _Wait:
    wait_s: float
    until: float


class Postponements:
    """Keys with the time before which they are not tried; may be shared by threads.

    A key waits `first_s`, then twice as long each time, up to `longest_s`. One that is not postponed again
    within `longest_s` after its wait starts over, so that what is remembered stays bounded.
    """

    def __init__(self, *, clock: Callable[[], float], first_s: float, longest_s: float) -> None:
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._waits: dict[Hashable, _Wait] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: object) -> bool:
        """Whether a key has to wait."""
        with self._lock:
            wait = self._waits.get(key)
            return wait is not None and self._clock() < wait.until

    def add(self, key: Hashable) -> bool:
        """Let a key wait, longer than the last time; whether it is the first time.

        A key that waits already is left as it is: threads that met one fault at the same time count as one.
        """
        with self._lock:
            now = self._clock()
            self._forget(now)
            wait = self._waits.get(key)
            if wait is None:
                self._waits[key] = _Wait(wait_s=self._first_s, until=now + self._first_s)
            elif wait.until <= now:
                wait.wait_s = min(self._longest_s, _FACTOR * wait.wait_s)
                wait.until = now + wait.wait_s
            return wait is None

    def remove(self, key: Hashable) -> None:
        """Forget a key that succeeded: its next wait is the first."""
        with self._lock:
            self._waits.pop(key, None)

    def _forget(self, now: float) -> None:
        for key in [key for key, wait in self._waits.items() if wait.until + self._longest_s < now]:
            del self._waits[key]

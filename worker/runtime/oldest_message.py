"""The age of the oldest message, as far as one worker can know it.

SQS's own ApproximateAgeOfOldestMessage leaves out what was received three times and more, and a requeued
copy starts over there. Here the time of the first copy counts, but only of messages that came to this worker:
those in hand, and those received in the last minute. The maximum over a fleet is close to the truth, because
its workers receive from all parts of the queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

_WINDOW_S = 60.0


@dataclass(kw_only=True, slots=True, eq=False)
class OldestMessage:
    """Several threads may call it. `in_hand` gives the times at which held messages were first sent."""

    in_hand: Callable[[], Iterable[int]] = tuple
    now: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _received: list[tuple[float, int]] = field(default_factory=list)

    def add(self, first_seen_ms: Iterable[int]) -> None:
        """Messages were received, whose first copies were sent at these times (0: not known)."""
        now = self.now()
        with self._lock:
            self._received += [(now, each) for each in first_seen_ms if each > 0]
            self._received = [each for each in self._received if now - each[0] <= _WINDOW_S]

    def age_s(self) -> float:
        """Seconds since the first copy of the oldest was sent; 0 without any."""
        now = self.now()
        with self._lock:
            lately = [sent for at, sent in self._received if now - at <= _WINDOW_S]
        oldest_ms = min((*lately, *(each for each in self.in_hand() if each > 0)), default=0)
        return max(0.0, now - oldest_ms / 1000) if oldest_ms else 0.0

"""RecentWork: what this worker has done in the last hour, minute by minute."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MINUTE_S = 60.0
_MINUTES = 60
_RATE_MINUTES = 10


@dataclass(kw_only=True, slots=True)
class _Minute:
    number: int
    documents: int = 0
    document_pages: int = 0
    document_pages_squared: int = 0
    pages: int = 0
    busy_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LastHour:
    """The documents finished in the last hour, their pages and the squares of these, and the time of work."""

    documents: int
    pages: int
    pages_squared: int
    busy_s: float


class RecentWork:
    """Counts by the minute, so that its size does not depend on the load; several threads may call it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minutes: deque[_Minute] = deque(maxlen=_MINUTES)
        self._lock = threading.Lock()

    def add_document(self, pages: int) -> None:
        """A document of so many pages was finished."""
        with self._lock:
            minute = self._current()
            minute.documents += 1
            minute.document_pages += pages
            minute.document_pages_squared += pages * pages

    def add_work(self, *, pages: int, busy_s: float) -> None:
        """So many pages were read, of whatever documents, and for so long there was work."""
        with self._lock:
            minute = self._current()
            minute.pages += pages
            minute.busy_s += busy_s

    def last_hour(self) -> LastHour:
        """The sums of the last sixty minutes."""
        with self._lock:
            minutes = [*self._since(_MINUTES)]
        return LastHour(
            documents=sum(minute.documents for minute in minutes),
            pages=sum(minute.document_pages for minute in minutes),
            pages_squared=sum(minute.document_pages_squared for minute in minutes),
            busy_s=sum(minute.busy_s for minute in minutes),
        )

    def pages_per_minute(self) -> float:
        """Pages read in a minute of work, over the last ten minutes; 0 without any work in them."""
        with self._lock:
            minutes = [*self._since(_RATE_MINUTES)]
        busy_s = sum(minute.busy_s for minute in minutes)
        return sum(minute.pages for minute in minutes) * _MINUTE_S / busy_s if busy_s else 0.0

    def _current(self) -> _Minute:
        number = int(self._clock() // _MINUTE_S)
        if not self._minutes or self._minutes[-1].number != number:
            self._minutes.append(_Minute(number=number))
        return self._minutes[-1]

    def _since(self, minutes: int) -> Iterator[_Minute]:
        first = int(self._clock() // _MINUTE_S) - minutes + 1
        return (minute for minute in self._minutes if minute.number >= first)

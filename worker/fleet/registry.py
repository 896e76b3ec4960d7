"""Registry: a worker's entry in the fleet, kept while it lives, and the entries of all as others read them.

Nothing depends on it but what people and the scaling see: an unavailable ledger never disturbs a worker.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.errors import WorkerError
from worker.fleet.recent_work import RecentWork
from worker.runtime.identity import Identity

# A worker on small files is idle and at work by turns.
_SEEN_AT_ONCE = ("paused", "stopping")
BEAT_S = 30.0
"""A write each half minute costs a worker some cents a month."""

SILENT_AFTER_S = 3 * BEAT_S + 10.0
"""Two beats may fail, and clocks differ by seconds."""

# A day, in which an operator sees that the worker ended without a word.
_KEPT_S = 24 * 3600

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class InHand:
    """What a worker does now: its lifecycle, and the documents and pages that are not finished."""

    lifecycle: str
    documents: int
    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PagesPerDocument:
    """Pages of the documents that were finished in the last hour: how many documents, mean, deviation."""

    documents: int
    pages: int
    mean: float
    standard_deviation: float


@dataclass(kw_only=True, slots=True, eq=False)
class Registry:
    """The entry of this worker; one thread calls `step`, and `close` ends it. Neither raises a WorkerError.

    `pages_read` is how many pages this process has read so far; `instance_lifecycle` may be known late, and
    is "" until then.
    """

    rows: WorkerRows
    identity: Identity
    observe: Callable[[], InHand]
    pages_read: Callable[[], float]
    recent_work: RecentWork
    instance_lifecycle: Callable[[], str] = lambda: ""
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    _started_at: int = 0
    _due: float = -math.inf
    _lifecycle: str = ""
    _measured_at: float | None = None
    _pages: float = 0.0
    _is_failing: bool = False
    _is_closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self) -> None:
        """Measure, and write the entry where it is due, or where the worker pauses, stops or goes on."""
        in_hand = self.observe()
        self._measure(is_busy=in_hand.documents > 0)
        lifecycles = {in_hand.lifecycle, self._lifecycle}
        is_changed = len(lifecycles) > 1 and not lifecycles.isdisjoint(_SEEN_AT_ONCE)
        if self.clock() < self._due and not is_changed:
            return
        self._due, self._lifecycle = self.clock() + BEAT_S, in_hand.lifecycle
        with self._lock:
            # A write that arrives after the removal would leave an entry of a worker that is gone.
            if not self._is_closed:
                self._try(lambda: self._write(in_hand))

    def close(self) -> None:
        """Remove the entry, at a clean stop; one that is killed leaves it, and is shown as silent."""
        with self._lock:
            if not self._is_closed and self._started_at:
                self._try(lambda: self.rows.remove(self.identity.worker))
            self._is_closed = True

    def _measure(self, *, is_busy: bool) -> None:
        now, pages = self.clock(), self.pages_read()
        if self._measured_at is not None:
            busy_s = now - self._measured_at if is_busy else 0.0
            self.recent_work.add_work(pages=int(pages - self._pages), busy_s=busy_s)
        self._measured_at, self._pages = now, pages

    def _write(self, in_hand: InHand) -> None:
        now = int(self.now())
        self._started_at = self._started_at or now
        hour = self.recent_work.last_hour()
        self.rows.write(
            WorkerRow(
                worker=self.identity.worker,
                instance=self.identity.instance,
                process=self.identity.process,
                version=self.identity.version,
                group=self.identity.group,
                lifecycle=in_hand.lifecycle,
                instance_lifecycle=self.instance_lifecycle(),
                documents=in_hand.documents,
                pages=in_hand.pages,
                pages_per_minute=round(self.recent_work.pages_per_minute(), 1),
                documents_last_hour=hour.documents,
                pages_last_hour=hour.pages,
                pages_squared_last_hour=hour.pages_squared,
                busy_s_last_hour=round(hour.busy_s),
                started_at=self._started_at,
                beat_at=now,
            ),
            expires_at=now + _KEPT_S,
        )

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except WorkerError as error:
            if not self._is_failing:
                _log.warning("registry_unavailable", code=error.code, reason=str(error))
            self._is_failing = True
        else:
            self._is_failing = False


def is_silent(row: WorkerRow, *, now: float) -> bool:
    """Whether a worker's beat is old: it hangs, was killed, or cannot reach the ledger."""
    return now - row.beat_at > SILENT_AFTER_S


def pages_per_document(rows: Iterable[WorkerRow]) -> PagesPerDocument:
    """The pages a document of the last hour over some workers; 0 where they finished none."""
    workers = [*rows]
    documents = sum(row.documents_last_hour for row in workers)
    pages = sum(row.pages_last_hour for row in workers)
    squares = sum(row.pages_squared_last_hour for row in workers)
    mean = pages / documents if documents else 0.0
    variance = squares / documents - mean * mean if documents else 0.0
    return PagesPerDocument(
        documents=documents,
        pages=pages,
        mean=mean,
        # Rounding may leave less than nothing of equal values.
        standard_deviation=math.sqrt(max(0.0, variance)),
    )

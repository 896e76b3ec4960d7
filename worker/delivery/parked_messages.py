"""Messages whose file another attempt holds: kept hidden by the heartbeat, without a CPU slot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.delivery.claims import is_held
from worker.delivery.heartbeat import Lease
from worker.errors import WorkerError
from worker.runtime.trace import follow

# Each costs a renewal of its lease and a read of its row every 10 s.
_PLACES = 20
_CHECK_INTERVAL_S = 10.0
# More than two renewal intervals of the ledger's beat (40 s each).
_STANDSTILL_S = 90.0

_log = structlog.get_logger(__name__)

Takeover = tuple[int, int] | None
"""Fence and beat at which another attempt has stood still; None where its file is free."""


# Compared by identity: one removed by another thread must not be mistaken for an equal one.
@dataclass(kw_only=True, slots=True, eq=False)
class _Parked:
    lease: Lease
    file_id: str
    last_seen: tuple[int, int]
    last_seen_since: float
    check_at: float


class ParkedMessages:
    """At most 20 parked messages.

    A message can resume when the ledger row is free, or when the other attempt has stood still (same fence,
    same beat) for 90 s of the local clock; wall clocks are never compared. One near the 12-hour limit of SQS
    resumes in order to be requeued.
    """

    def __init__(self, *, table: FileTable, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._parked: list[_Parked] = []

    def __len__(self) -> int:
        return len(self._parked)

    def park(self, lease: Lease, row: FileRow) -> bool:
        """Park a message; False when all places are taken."""
        now = self._clock()
        with self._lock:
            if len(self._parked) >= _PLACES:
                return False
            self._parked.append(
                _Parked(
                    lease=lease,
                    file_id=row.file_id,
                    last_seen=(row.fence, row.beat),
                    last_seen_since=now,
                    check_at=now + _CHECK_INTERVAL_S,
                )
            )
        _log.info("message_parked", fence=row.fence, owner=row.owner)
        return True

    def take_ready(self) -> list[tuple[Lease, Takeover]]:
        """Remove and return the messages that can resume, each with the standstill it may take over."""
        now = self._clock()
        with self._lock:
            due = [parked for parked in self._parked if parked.check_at <= now]
        # The rows are read without the lock: `park` must not wait for the ledger.
        ready: list[tuple[Lease, Takeover]] = []
        for parked in due:
            parked.check_at = now + _CHECK_INTERVAL_S
            if parked.lease.lost or parked.lease.is_near_limit or self._check_row(parked, now):
                still_s = now - parked.last_seen_since
                standstill = parked.last_seen if still_s >= _STANDSTILL_S else None
                # A stop may have taken it since the row was read: the thread that removes it settles it.
                if self._remove(parked):
                    ready.append((parked.lease, standstill))
        return ready

    def wake(self, file_id: str) -> None:
        """An attempt of this worker on the file has ended: check its messages at the next turn."""
        with self._lock:
            for parked in self._parked:
                if parked.file_id == file_id:
                    parked.check_at = self._clock()

    def take_all(self) -> list[Lease]:
        """Remove and return all messages."""
        with self._lock:
            leases = [parked.lease for parked in self._parked]
            self._parked.clear()
        return leases

    def _remove(self, parked: _Parked) -> bool:
        with self._lock:
            if parked not in self._parked:
                return False
            self._parked.remove(parked)
            return True

    def _check_row(self, parked: _Parked, now: float) -> bool:
        """Read the row of a parked message; True when it can resume."""
        try:
            row = self._table.read(parked.file_id)
        except WorkerError as error:
            with follow(parked.lease.message.trace):
                _log.warning("parked_check_failed", reason=str(error))
            # A row that could not be read has not been observed standing still.
            parked.last_seen_since = now
            return False
        if row is None or not is_held(row, parked.lease.message.message_id):
            return True
        if (row.fence, row.beat) != parked.last_seen:
            parked.last_seen = (row.fence, row.beat)
            parked.last_seen_since = now
        return now - parked.last_seen_since >= _STANDSTILL_S

"""Messages whose file another attempt holds: kept hidden by the heartbeat, without a CPU slot.

A parked message goes on when the ledger row is free, or when the other attempt has stood still (same
fence, same beat) for 90 s of the local clock. Wall clocks are never compared.
"""

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

_PLACES = 20
_LOOK_EVERY_S = 10.0
_STILL_S = 90.0

_log = structlog.get_logger(__name__)

Takeover = tuple[int, int] | None


@dataclass(kw_only=True, slots=True)
class _Parked:
    lease: Lease
    file_id: str
    seen: tuple[int, int]
    since: float
    look_at: float


class ParkedMessages:
    """At most 20 parked messages."""

    def __init__(self, *, table: FileTable, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._parked: list[_Parked] = []

    def __len__(self) -> int:
        return len(self._parked)

    def park(self, lease: Lease, row: FileRow) -> bool:
        """Park a message; False when there is no place left."""
        now = self._clock()
        with self._lock:
            if len(self._parked) >= _PLACES:
                return False
            self._parked.append(
                _Parked(
                    lease=lease,
                    file_id=row.file_id,
                    seen=(row.fence, row.beat),
                    since=now,
                    look_at=now + _LOOK_EVERY_S,
                )
            )
        _log.info("message_parked", fence=row.fence, owner=row.owner)
        return True

    def take_ready(self) -> list[tuple[Lease, Takeover]]:
        """The messages that may go on, each with the standstill it may take over."""
        now = self._clock()
        with self._lock:
            due = [parked for parked in self._parked if parked.look_at <= now]
        ready: list[tuple[Lease, Takeover]] = []
        for parked in due:
            parked.look_at = now + _LOOK_EVERY_S
            if parked.lease.lost or self._may_go_on(parked, now):
                standstill = parked.seen if now - parked.since >= _STILL_S else None
                with self._lock:
                    self._parked.remove(parked)
                ready.append((parked.lease, standstill))
        return ready

    def take_all(self) -> list[Lease]:
        """Empty the lot."""
        with self._lock:
            leases = [parked.lease for parked in self._parked]
            self._parked.clear()
        return leases

    def _may_go_on(self, parked: _Parked, now: float) -> bool:
        try:
            row = self._table.read(parked.file_id)
        except WorkerError as error:
            _log.warning("parked_look_failed", reason=str(error))
            # What was not seen has not stood still.
            parked.since = now
            return False
        if row is None or not is_held(row, parked.lease.message.message_id):
            return True
        if (row.fence, row.beat) != parked.seen:
            parked.seen = (row.fence, row.beat)
            parked.since = now
        return now - parked.since >= _STILL_S

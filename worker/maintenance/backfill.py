"""Backfill: the first load of a bucket that was filled before its events were connected.

Objects that the ledger has in their version are skipped; events for the others are queued, while the queue
keeps a bounded depth. The position is saved regularly: after a kill some events are sent twice, and the
worker finds their files done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.aws.scans.event_sender import BATCH, EventSender, FileEvent
from worker.aws.scans.object_listing import ListedObject, ObjectListing
from worker.aws.scans.row_scan import RowScan
from worker.errors import UnavailableError
from worker.maintenance.pace import Pace
from worker.maintenance.position import PositionStore
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.sweep import Report, StoppedError, in_batches
from worker.models.file import EventType, file_id
from worker.models.ledger import State

_READ_BATCH = 100
_SAVE_EVERY = 1_000
_POLL_S = 1.0
# SQS's counts lag behind: after many events they are not asked for at once.
_COUNTED_PER_S = 500
_LONGEST_POLL_S = 30.0
_POLL_AGAIN_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillRequest:
    """What to load. With `is_dry_run` it is only counted; `depth` is how many messages may wait in the queue.

    `wait_limit_s` is how long a full queue is waited for; `is_counting` counts the objects first, for an
    estimate of the end.
    """

    bucket: str
    prefix: str = ""
    is_dry_run: bool = False
    is_restart: bool = False
    is_counting: bool = True
    depth: int = 10_000
    wait_limit_s: float = 86_400.0
    save_every: int = _SAVE_EVERY


@dataclass(kw_only=True, slots=True)
class Load:
    """How far a backfill is. `bytes` are those of the files that were queued, or would be."""

    after: str = ""
    total: int | None = None
    objects: int = 0
    known: int = 0
    ignored: int = 0
    queued: int = 0
    bytes: int = 0

    def values(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {name: getattr(self, name) for name in Load.__dataclass_fields__}


class Backfill:
    """One run. `pace` limits the events a second and hears the stop; `wait` waits, and is True at a stop."""

    def __init__(
        self,
        request: BackfillRequest,
        *,
        objects: ObjectListing,
        scan: RowScan,
        sender: EventSender,
        positions: PositionStore,
        pacing: Pacing,
    ) -> None:
        self._request = request
        self._objects = objects
        self._scan = scan
        self._positions = positions
        self._pacing = pacing
        self._sender = sender
        self._room = QueueRoom(sender, request, pacing)
        self.resumed_after: str | None = None
        self.load = self._load()

    def run(self) -> Load:
        """Queue what the ledger lacks; a run that was killed is continued. Raises StoppedError."""
        load, request = self.load, self._request
        if request.is_counting and load.total is None and not request.is_dry_run:
            load.total = self._count()
        meter = ProgressMeter(
            lambda progress: self._pacing.report("backfill", progress),
            total=load.total,
            already=load.objects,
            clock=self._pacing.clock,
        )
        saved_at = load.objects
        for batch in in_batches(self._objects.objects(request.prefix, after=load.after), _READ_BATCH):
            try:
                self._queue(batch)
            except StoppedError:
                self._save()
                raise
            meter.advance(len(batch))
            if load.objects - saved_at >= request.save_every:
                self._save()
                saved_at = load.objects
            if self._pacing.wait(0):
                self._save()
                raise StoppedError
        meter.finish()
        if not request.is_dry_run:
            self._positions.remove()
        return load

    def _load(self) -> Load:
        saved: Mapping[str, Any] | None = None
        if not self._request.is_restart and not self._request.is_dry_run:
            saved = self._positions.load()
        if saved is None:
            return Load()
        load = Load(**{name: saved[name] for name in Load.__dataclass_fields__ if name in saved})
        self.resumed_after = load.after
        return load

    def _save(self) -> None:
        if not self._request.is_dry_run:
            self._positions.save(self.load.values())

    def _count(self) -> int:
        meter = ProgressMeter(
            lambda progress: self._pacing.report("count", progress), clock=self._pacing.clock
        )
        count = 0
        for batch in in_batches(self._objects.objects(self._request.prefix), 10 * _READ_BATCH):
            count += len(batch)
            meter.advance(len(batch))
            if self._pacing.wait(0):
                raise StoppedError
        meter.finish()
        return count

    def _queue(self, batch: list[ListedObject]) -> None:
        """Queue those of some objects that the ledger lacks; a stop leaves an exact position."""
        documents = [each for each in batch if _is_document(each)]
        ids = {each.key: file_id(self._request.bucket, each.key) for each in documents}
        rows = self._scan.read(list(ids.values()), ("file_id", "state", "version"))
        lacking = [
            index
            for index, each in enumerate(batch)
            if each.key in ids and not _is_done(rows.get(ids[each.key]), each)
        ]
        begin = 0
        while lacking:
            size = BATCH if self._request.is_dry_run else min(BATCH, self._room.take(BATCH))
            events, lacking = [batch[index] for index in lacking[:size]], lacking[size:]
            if not self._request.is_dry_run:
                self._send(events)
            end = lacking[0] if lacking else len(batch)
            self._advance(batch[begin:end], queued=events)
            begin = end
        self._advance(batch[begin:], queued=[])

    def _advance(self, listed: list[ListedObject], *, queued: list[ListedObject]) -> None:
        """Count some objects of the listing, of which some were queued."""
        documents = sum(map(_is_document, listed))
        self.load.queued += len(queued)
        self.load.bytes += sum(each.size_bytes for each in queued)
        self.load.known += documents - len(queued)
        self.load.ignored += len(listed) - documents
        self.load.objects += len(listed)
        self.load.after = listed[-1].key if listed else self.load.after

    def _send(self, objects: list[ListedObject]) -> None:
        if not self._pacing.pace.take(len(objects)):
            raise StoppedError
        self._sender.send(
            [
                FileEvent(
                    event_type=EventType.FILE_UPLOADED,
                    bucket=self._request.bucket,
                    key=each.key,
                    size_bytes=each.size_bytes,
                )
                for each in objects
            ]
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pacing:
    """The rate, the stop and the clock of a backfill, and who hears of its progress."""

    pace: Pace
    wait: Callable[[float], bool]
    report: Report
    clock: Callable[[], float] = time.monotonic


class QueueRoom:
    """How many events may be sent before the queue has its depth; others may send to it, too."""

    def __init__(self, sender: EventSender, request: BackfillRequest, pacing: Pacing) -> None:
        self._sender = sender
        self._request = request
        self._pacing = pacing
        self._room = 0
        self._sent = 0
        self._polled_at = -math.inf
        self._poll_at = -math.inf

    def take(self, events: int) -> int:
        """Wait until at least one event may be sent; how many of `events` may be, which are then counted.

        Raises StoppedError, and UnavailableError when the queue stays full for `wait_limit_s`.
        """
        clock = self._pacing.clock
        deadline = clock() + self._request.wait_limit_s
        if clock() - self._polled_at > _POLL_AGAIN_S:
            self._poll()
        while self._room <= 0:
            now = clock()
            if now >= deadline:
                raise UnavailableError(
                    f"The queue stayed above {self._request.depth} messages for "
                    f"{self._request.wait_limit_s:.0f} s. Check that workers run (`cis-worker status`), and "
                    "repeat the command: it goes on where it stopped."
                )
            if self._pacing.wait(max(0.0, min(self._poll_at, deadline) - now)):
                raise StoppedError
            self._poll()
        taken = min(events, self._room)
        self._room -= taken
        self._sent += taken
        lag_s = min(self._sent / _COUNTED_PER_S, _LONGEST_POLL_S)
        self._poll_at = clock() + max(_POLL_S, lag_s)
        return taken

    def _poll(self) -> None:
        depth = self._sender.depth()
        self._room = self._request.depth - depth.visible - depth.delayed
        self._sent = 0
        self._polled_at = self._pacing.clock()
        self._poll_at = self._polled_at + _POLL_S


def _is_document(listed: ListedObject) -> bool:
    # An event about any other would be ignored, or dead-lettered.
    return not listed.is_folder_marker and "\0" not in listed.key


def _is_done(row: Mapping[str, Any] | None, listed: ListedObject) -> bool:
    return row is not None and row.get("state") != State.PROCESSING and row.get("version") == listed.version

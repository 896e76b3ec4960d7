"""Reconcile: a bucket's listing against ledger and index; what differs is queued, and leftovers are purged.

    ledger, index -> snapshot (sorted by key) -> merge with the listing -> candidates -> check again -> queue

Objects, rows and entries are written while they are read: a candidate is a difference only when its object,
row and entry, each read once more, still differ. Nothing is changed from a listing: an event is queued, and
the worker's own check of the object and its fence decide.
"""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from worker.aws.scans.object_listing import ListedObject
from worker.errors import ObjectGoneError, SourceRefusedError
from worker.maintenance.comparison import (
    ROW_ATTRIBUTES,
    EntryState,
    Finding,
    RowState,
    compare,
    row_state,
)
from worker.maintenance.pace import Pace
from worker.maintenance.position import PositionStore
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.purge import Purge
from worker.maintenance.repair import Candidate, Evidence, Repair
from worker.maintenance.snapshot import Snapshot
from worker.maintenance.sweep import ReconcileRequest, Report, StoppedError, Stores, Tally
from worker.models.file import ObjectVersion, file_id
from worker.models.ledger import State

_CHECK_BATCH = 100
_HEAD_THREADS = 8
_INDEX_PAGE = 2_000
_SNAPSHOT_KEPT = timedelta(hours=24)

_Merged = tuple[str, ListedObject | None, RowState | None, EntryState | None]


class Reconcile:
    """One run of the command. `report` hears the phase and its progress, `now` is the time in UTC.

    `pace` limits checks and events, and hears the stop.
    """

    def __init__(
        self,
        stores: Stores,
        request: ReconcileRequest,
        *,
        pace: Pace,
        report: Report,
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._request = request
        self._pace = pace
        self._report = report
        self._now = now
        self._repair = Repair(scan=stores.scan, bucket=request.bucket)
        self._positions = PositionStore(
            storage=stores.storage, command="reconcile", bucket=request.bucket, prefix=request.prefix
        )
        self.resumed_after: str | None = None
        self.tally = self._load()

    def run(self) -> Tally:
        """Compare, queue and purge; a run that was killed is continued. Raises StoppedError."""
        name = self._positions.key.rpartition("/")[2].removesuffix(".json")
        self._save()
        snapshot = Snapshot(
            self._request.snapshots / f"reconcile-{name[:16]}.sqlite3", run_id=self.tally.run_id
        )
        is_finished = False
        try:
            self._fill(snapshot)
            if self.tally.phase == "compare":
                self._compare_all(snapshot)
            self._purge(snapshot)
            self._positions.remove()
            is_finished = True
        finally:
            snapshot.close(remove=is_finished)
        return self.tally

    def _load(self) -> Tally:
        saved = None if self._request.is_restart else self._positions.load()
        now = self._now()
        if saved is not None and saved.get("is_fix") is self._request.is_fix:
            tally = Tally(**{name: saved[name] for name in Tally.__dataclass_fields__ if name in saved})
            if now - datetime.fromisoformat(tally.started_at) < _SNAPSHOT_KEPT:
                self.resumed_after = tally.after
                return tally
        return Tally(run_id=uuid.uuid4().hex, started_at=now.isoformat(), is_fix=self._request.is_fix)

    def _save(self, *, phase: str | None = None, after: str | None = None) -> None:
        self.tally.phase = self.tally.phase if phase is None else phase
        self.tally.after = self.tally.after if after is None else after
        self._positions.save(self.tally.values())
        self._check_stop()

    def _check_stop(self, operations: int = 0) -> None:
        if not self._pace.take(operations):
            raise StoppedError

    def _meter(self, phase: str, *, total: int | None = None, already: int = 0) -> ProgressMeter:
        return ProgressMeter(lambda progress: self._report(phase, progress), total=total, already=already)

    def _fill(self, snapshot: Snapshot) -> None:
        """Read ledger and index, from where an earlier run was stopped."""
        if not snapshot.fact("ledger_done"):
            self._read_ledger(snapshot)
        if not snapshot.fact("index_done"):
            self._read_index(snapshot)
        snapshot.sort()

    def _read_ledger(self, snapshot: Snapshot) -> None:
        scan, request = self._stores.scan, self._request
        meter = self._meter("ledger", total=scan.count() or None)
        for page in scan.pages(ROW_ATTRIBUTES, after=snapshot.fact("ledger_after") or None):
            snapshot.add_rows(page.rows, bucket=request.bucket, prefix=request.prefix, after=page.after)
            meter.advance(len(page.rows))
            self._check_stop()
        meter.finish()

    def _read_index(self, snapshot: Snapshot) -> None:
        index, request = self._stores.index, self._request
        meter = self._meter("index")
        while not snapshot.fact("index_done"):
            entries = index.entries(request.bucket, after=snapshot.fact("index_after"), limit=_INDEX_PAGE)
            after = entries[-1].file_id if entries else ""
            snapshot.add_entries(entries, prefix=request.prefix, after=after)
            meter.advance(len(entries))
            self._check_stop()
        meter.finish()

    def _compare_all(self, snapshot: Snapshot) -> None:
        """Find the differences, and queue them where that was asked for."""
        tally = self.tally
        meter = self._meter("compare", total=max(snapshot.counts()), already=tally.objects)
        batch: list[Candidate] = []
        with ThreadPoolExecutor(_HEAD_THREADS) as threads:
            for number, (key, listed, row, entry) in enumerate(self._merge(snapshot), 1):
                finding = self._compare(listed.version if listed else None, row, entry)
                if finding.difference is None:
                    tally.count(finding)
                elif self._is_new(listed):
                    tally.count(Finding.IN_PROGRESS)
                else:
                    batch.append(
                        Candidate(key=key, file_id=file_id(self._request.bucket, key), listed=listed)
                    )
                tally.objects += listed is not None
                meter.advance(int(listed is not None))
                is_due = number % self._request.save_every == 0
                if len(batch) >= _CHECK_BATCH or is_due:
                    self._settle(batch, threads)
                    batch = []
                if is_due:
                    self._save(after=key)
            self._settle(batch, threads)
        meter.finish()
        self._save(phase="purge", after="")

    def _merge(self, snapshot: Snapshot) -> Iterator[_Merged]:
        """Every file that is listed or known, in the order of its key's bytes."""
        after = self.tally.after
        listing = self._stores.objects.objects(self._request.prefix, after=after)
        merged = heapq.merge(
            # A folder marker is no document: a file of that name has none any more.
            ((_key_bytes(each.key), each, None, None) for each in listing if not each.is_folder_marker),
            ((key, None, row, entry) for key, row, entry in snapshot.known(after=_key_bytes(after))),
            key=itemgetter(0),
        )
        for key, group in groupby(merged, key=itemgetter(0)):
            listed, row, entry = None, None, None
            for _, its_object, its_row, its_entry in group:
                listed, row, entry = its_object or listed, its_row or row, its_entry or entry
            yield key.decode("utf-8", "surrogateescape"), listed, row, entry

    def _is_new(self, listed: ListedObject | None) -> bool:
        # Written since the start: it has an event of its own, which may still wait in the queue.
        return listed is not None and listed.modified_at > datetime.fromisoformat(self.tally.started_at)

    def _compare(self, version: str | None, row: RowState | None, entry: EntryState | None) -> Finding:
        before = (self._now() - self._request.unfinished_after).isoformat(timespec="milliseconds")
        return compare(version, row, entry, unfinished_before=before)

    def _settle(self, batch: list[Candidate], threads: ThreadPoolExecutor) -> None:
        """Check candidates once more, count those that still differ, and queue them with `is_fix`."""
        if not batch:
            return
        self._check_stop(len(batch))
        # The row before the entry: a worker writes them in the other order.
        ids = [candidate.file_id for candidate in batch]
        rows = self._stores.scan.read(ids, (*ROW_ATTRIBUTES, "file_path"))
        entries = [self._read_entry(each) for each in ids]
        versions = list(threads.map(self._head, batch))
        events = []
        for candidate, entry, version in zip(batch, entries, versions, strict=True):
            row = rows.get(candidate.file_id)
            finding = self._compare(version.version if version else None, row_state(row), entry)
            self.tally.count(finding, key=candidate.key, file_id=candidate.file_id)
            if finding.difference is not None and self._request.is_fix:
                evidence = Evidence(version=version, row=row, entry=entry)
                event = self._repair.event(candidate, finding, evidence)
                events += [event] if event else []
        self._stores.sender.send(events)
        self.tally.queued += len(events)

    def _read_entry(self, each: str) -> EntryState | None:
        entry = self._stores.index.entry(each)
        if entry is None or entry.state is State.TOMBSTONED:
            return None
        return EntryState(file_id=each, key=entry.key, fence=entry.version, content_hash=entry.content_hash)

    def _head(self, candidate: Candidate) -> ObjectVersion | None:
        try:
            version = self._stores.storage.head(self._request.bucket, candidate.key)
        except ObjectGoneError:
            return None
        except SourceRefusedError:
            # Nobody may read it: the listing is all that is known.
            return candidate.listed.object_version if candidate.listed else None
        is_folder_marker = candidate.key.endswith("/") and version.size_bytes == 0
        return None if is_folder_marker else version

    def _purge(self, snapshot: Snapshot) -> None:
        purge = Purge(
            self._stores, self._request, snapshot, self.tally, check_stop=self._check_stop, now=self._now
        )
        meter = self._meter("purge")
        purge.run(meter)
        meter.finish()


def _key_bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")

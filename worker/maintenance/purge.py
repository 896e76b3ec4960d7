"""Purge: what nobody needs any more and nothing else removes.

    tombstones past retention    index entry first, ledger row last, each only on its fence
    artifacts, thumbnails,       of content that no live row names, after 24 h: see orphaned_content
    vectors
    checkpoints                  of files that are finished, or have no row
    bodies                       older than any message that names them

Without `is_fix` it counts only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby

from worker.aws.scans.object_listing import ListedObject
from worker.delivery.message_bodies import KEPT_DAYS
from worker.delivery.message_bodies import PREFIX as BODIES
from worker.errors import ObjectGoneError, SourceRefusedError
from worker.maintenance.comparison import ROW_ATTRIBUTES, to_row_state
from worker.maintenance.orphaned_content import OrphanedContent
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.snapshot import Snapshot
from worker.maintenance.sweep import ReconcileRequest, Stores, Tally, in_batches
from worker.models.ledger import State

CHECKPOINTS = "checkpoints/"
_BATCH = 100
# An attempt writes a checkpoint before its row names it.
_LEFTOVER_AFTER = timedelta(hours=24)


class Purge:
    """The purges of one run. `check_stop` waits for the turn of some operations, and raises at a stop."""

    def __init__(
        self,
        stores: Stores,
        request: ReconcileRequest,
        snapshot: Snapshot,
        tally: Tally,
        *,
        check_stop: Callable[[int], None],
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._request = request
        self._snapshot = snapshot
        self._tally = tally
        self._check_stop = check_stop
        self._now = now

    def run(self, meter: ProgressMeter) -> None:
        """Purge all kinds; `meter` counts what was checked."""
        self._tally.purged = {}
        self._purge_tombstones(meter)
        OrphanedContent(
            self._stores, self._snapshot, self._tally, check_stop=self._check_stop, now=self._now
        ).run(meter)
        self._purge_checkpoints(meter)
        self._purge_bodies(meter)

    def _purge_tombstones(self, meter: ProgressMeter) -> None:
        before = (self._now() - self._request.tombstone_retention).isoformat(timespec="milliseconds")
        for batch in in_batches(self._snapshot.tombstones(before=before), _BATCH):
            self._check_stop(len(batch))
            meter.advance(len(batch))
            rows = self._stores.scan.read([each for each, _ in batch], ROW_ATTRIBUTES)
            for each, fence in batch:
                row = to_row_state(rows[each]) if each in rows else None
                if row is None or (row.state, row.fence) != (State.TOMBSTONED, fence) or row.index_pending:
                    continue
                if row.updated_at < before and self._is_absent(row.key):
                    self._purge_tombstone(each, fence)

    def _purge_tombstone(self, each: str, fence: int) -> None:
        if self._request.is_fix:
            # A row without an entry is found again; an entry without a row would be refused a fence for ever.
            if not self._stores.index.purge(each, version=fence):
                return
            if not self._stores.scan.remove_tombstone(each, fence=fence):
                return
        self._tally.count_purged("tombstones")

    def _is_absent(self, key: str) -> bool:
        try:
            self._stores.storage.head(self._request.bucket, key)
        except ObjectGoneError:
            return True
        except SourceRefusedError:
            return False
        return False

    def _purge_checkpoints(self, meter: ProgressMeter) -> None:
        listing = self._stores.results.objects(CHECKPOINTS)
        files = ((each, list(objects)) for each, objects in groupby(listing, key=_file_of_checkpoint))
        for batch in in_batches(files, _BATCH):
            self._check_stop(len(batch))
            rows = self._stores.scan.read([each for each, _ in batch], ROW_ATTRIBUTES)
            for each, objects in batch:
                meter.advance(len(objects))
                # An unfinished file may point at any of its own.
                is_needed = each in rows and rows[each].get("state") == State.PROCESSING
                if not is_needed and _are_older(objects, self._now() - _LEFTOVER_AFTER):
                    self._delete("checkpoints", [item.key for item in objects])

    def _purge_bodies(self, meter: ProgressMeter) -> None:
        before = self._now() - timedelta(days=KEPT_DAYS)
        for batch in in_batches(self._stores.results.objects(BODIES), _BATCH):
            meter.advance(len(batch))
            old = [each.key for each in batch if each.modified_at < before]
            if old:
                self._check_stop(len(old))
                self._delete("bodies", old)

    def _delete(self, kind: str, keys: list[str]) -> None:
        if self._request.is_fix:
            self._stores.results.delete(keys)
        self._tally.count_purged(kind, len(keys))


def _file_of_checkpoint(each: ListedObject) -> str:
    return each.key.removeprefix(CHECKPOINTS).partition("/")[0]


def _are_older(objects: Iterable[ListedObject], before: datetime) -> bool:
    return all(each.modified_at < before for each in objects)

"""OrphanedContent: removes artifacts, thumbnails and vectors of content that no live row names.

Content is removed when it was seen without a row 24 h ago and now, all its objects are older than that, and
the ledger, read once more, names it nowhere. When it was first seen is kept in the results bucket, one object
for each first two digits of the hash.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

from worker.aws.scans.object_listing import ListedObject
from worker.maintenance.position import PREFIX
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.snapshot import Snapshot
from worker.maintenance.sweep import Stores, Tally

_KINDS = ("artifacts/", "thumbnails/", "vectors/")
_ORPHANED_AFTER = timedelta(hours=24)
_SHARD_DIGITS = 2
_HASH_DIGITS = 64


class OrphanedContent:
    """One sweep over the results bucket; it changes nothing where the tally's run does not fix."""

    def __init__(
        self,
        stores: Stores,
        snapshot: Snapshot,
        tally: Tally,
        *,
        check_stop: Callable[[int], None],
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._snapshot = snapshot
        self._tally = tally
        self._check_stop = check_stop
        self._now = now

    def run(self, meter: ProgressMeter) -> None:
        """Mark what is orphaned, and remove what has been for long enough."""
        if self._snapshot.is_ledger_empty():
            # More likely a wrong CIS_FILE_TABLE than the end of all files.
            return
        for shard, contents in groupby(self._contents(meter), key=lambda each: each[0][:_SHARD_DIGITS]):
            self._check_stop(0)
            self._sweep_shard(shard, contents)
        self._remove_candidates()

    def _contents(self, meter: ProgressMeter) -> Iterator[tuple[str, list[ListedObject]]]:
        """Each stored content with its objects, in the order of the hashes."""
        listings = [self._objects(kind, meter) for kind in _KINDS]
        merged = heapq.merge(*listings, key=lambda each: each[0])
        for content_hash, group in groupby(merged, key=lambda each: each[0]):
            yield content_hash, [listed for _, listed in group]

    def _objects(self, kind: str, meter: ProgressMeter) -> Iterator[tuple[str, ListedObject]]:
        for each in self._stores.results.objects(kind):
            meter.advance()
            content_hash = each.key.removeprefix(kind).partition("/")[0]
            # What no worker wrote is left alone.
            if len(content_hash) == _HASH_DIGITS:
                yield content_hash, each

    def _sweep_shard(self, shard: str, contents: Iterator[tuple[str, list[ListedObject]]]) -> None:
        now = self._now()
        known = self._load_marks(shard)
        marks: dict[str, str] = {}
        for content_hash, objects in contents:
            if self._snapshot.has_hash(content_hash):
                continue
            marks[content_hash] = known.get(content_hash, now.isoformat())
            is_old = all(each.modified_at < now - _ORPHANED_AFTER for each in objects)
            if is_old and datetime.fromisoformat(marks[content_hash]) <= now - _ORPHANED_AFTER:
                self._snapshot.add_candidate(content_hash)
            else:
                self._tally.count_purged("contents_waiting")
        if self._tally.is_fix and marks != known:
            self._save_marks(shard, marks)

    def _remove_candidates(self) -> None:
        if not any(True for _ in self._snapshot.candidates()):
            return
        # A file that came back since the snapshot was filled names its content again.
        for page in self._stores.scan.pages(("content_hash", "file_id")):
            self._check_stop(0)
            self._snapshot.drop_candidates(row["content_hash"] for row in page.rows if "content_hash" in row)
        for shard, hashes in groupby(self._snapshot.candidates(), key=lambda each: each[:_SHARD_DIGITS]):
            removed = [each for each in hashes if self._remove(each)]
            if self._tally.is_fix:
                # Content that comes back is kept for a day again.
                marks = self._load_marks(shard)
                self._save_marks(shard, {name: marks[name] for name in marks if name not in removed})

    def _remove(self, content_hash: str) -> bool:
        self._check_stop(1)
        results = self._stores.results
        objects = [each for kind in _KINDS for each in results.objects(f"{kind}{content_hash}/")]
        # Written again: by a worker whose row does not name it yet.
        if any(each.modified_at > self._now() - _ORPHANED_AFTER for each in objects):
            return False
        if self._tally.is_fix:
            results.delete([each.key for each in objects])
        self._tally.count_purged("contents")
        self._tally.count_purged("content_objects", len(objects))
        return True

    def _key(self, shard: str) -> str:
        return f"{PREFIX}orphaned-content/{shard}.json"

    def _load_marks(self, shard: str) -> dict[str, str]:
        data = self._stores.storage.get(self._key(shard))
        return {} if data is None else dict(json.loads(data))

    def _save_marks(self, shard: str, marks: dict[str, str]) -> None:
        storage, data = self._stores.storage, json.dumps(marks).encode()
        if marks:
            storage.put(self._key(shard), data, content_type="application/json")
        else:
            storage.delete(storage.results_bucket, self._key(shard))

"""Reruns: files of the ledger that an operator has processed again, sent to the workers page by page."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from worker.aws.scans.event_sender import EventSender, FileEvent
from worker.aws.scans.row_scan import RowScan
from worker.maintenance.file_filter import FileFilter
from worker.maintenance.pace import Pace
from worker.maintenance.position import PositionStore
from worker.maintenance.progress import ProgressMeter
from worker.models.file import EventType, Rerun
from worker.models.ledger import State
from worker.models.unread import UnreadSummary

_BATCH = 10
# A page of DynamoDB is a megabyte, some thousand rows.
_SAVE_EVERY = 500
_ATTRIBUTES = (
    "file_id",
    "fence",
    "state",
    "reason",
    "bucket",
    "key",
    "file_path",
    "file_type",
    "size_bytes",
    "pipeline_version",
    "unread",
)
_RERUNNABLE = frozenset(State) - {State.TOMBSTONED, State.PROCESSING}


@dataclass(frozen=True, kw_only=True, slots=True)
class RerunRequest:
    """What to make again, of which files. Without `states` these are the finished ones, except deleted.

    `older_than_pipeline` is the pipeline version of which older texts are meant; `unread` are codes of what
    was not read, of which one must be the file's.
    """

    rerun: Rerun
    states: frozenset[State] = frozenset()
    files: FileFilter = field(default_factory=FileFilter)
    older_than_pipeline: str | None = None
    unread: frozenset[str] = frozenset()

    def wants(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the ledger is meant."""
        state = row.get("state")
        if state not in (self.states or _RERUNNABLE) or not row.get("bucket") or not row.get("key"):
            return False
        if self.older_than_pipeline is not None and not _is_older(row, self.older_than_pipeline):
            return False
        if self.unread and not self.unread & _unread_codes(row):
            return False
        if not self.files.has_reason(frozenset({row.get("reason", "")})):
            return False
        return self.files.has_name(
            row["bucket"], row["key"], path=row.get("file_path", ""), file_type=row.get("file_type")
        )

    @property
    def digest(self) -> str:
        """A text that is the same for the same request."""
        values = asdict(self)
        values["states"] = sorted(self.states)
        values["unread"] = sorted(self.unread)
        values["files"] = {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in values["files"].items()
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@dataclass(kw_only=True, slots=True)
class RerunResult:
    """How many rows were read, and what was sent, by state and reason (in a dry run: would be).

    With `is_resumed` the numbers contain those of the run that was stopped.
    """

    scanned: int = 0
    sent: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    is_resumed: bool = False
    is_complete: bool = False


@dataclass(kw_only=True, slots=True, eq=False)
class RerunCommand:
    """One run. A run that was stopped or killed goes on at its position; what it sends twice is done once."""

    request: RerunRequest
    scan: RowScan
    sender: EventSender
    position: PositionStore
    pace: Pace
    meter: ProgressMeter
    is_dry_run: bool = False
    result: RerunResult = field(default_factory=RerunResult)
    _batch: list[Mapping[str, Any]] = field(default_factory=list)
    _safe: tuple[str, int] | None = None
    _unsaved: int = 0

    def run(self) -> RerunResult:
        """Send what is meant, until all rows are read or a stop is requested."""
        after = None if self.is_dry_run else self._resume()
        for page in self.scan.pages(_ATTRIBUTES, after=after):
            if not self._send_page(page.rows):
                self._save()
                self.meter.finish()
                return self.result
            # Also without anything sent: a page is a megabyte, and costs as much to read again.
            if page.after is not None:
                self._safe = (page.after, self.result.scanned)
                self._save()
        self.result.is_complete = True
        if not self.is_dry_run:
            self.position.remove()
        self.meter.finish()
        return self.result

    def _send_page(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Send what is meant of a page; False when a stop came first."""
        for row in rows:
            self.result.scanned += 1
            self.meter.advance()
            if self.request.wants(row):
                self._batch.append(row)
            if len(self._batch) >= _BATCH and not self._flush():
                return False
            if not self._batch:
                self._safe = (str(row["file_id"]), self.result.scanned)
                if self._unsaved >= _SAVE_EVERY:
                    self._save()
        return self._flush()

    def _flush(self) -> bool:
        if not self.pace.take(0 if self.is_dry_run else len(self._batch)):
            return False
        if self._batch and not self.is_dry_run:
            self.sender.send([_event(row, self.request.rerun) for row in self._batch])
            self._unsaved += len(self._batch)
        self.result.sent += len(self._batch)
        self.result.counts.update((row["state"], row.get("reason", "")) for row in self._batch)
        self._batch.clear()
        return True

    def _resume(self) -> str | None:
        saved = self.position.load()
        if saved is None:
            return None
        self.result.is_resumed = True
        self.result.scanned = int(saved["scanned"])
        self.result.sent = int(saved["sent"])
        self.result.counts.update({(state, reason): count for state, reason, count in saved["counts"]})
        return str(saved["after"])

    def _save(self) -> None:
        if self.is_dry_run or self._safe is None:
            return
        self._unsaved = 0
        after, scanned = self._safe
        counts = [[*key, count] for key, count in self.result.counts.items()]
        self.position.save({"after": after, "scanned": scanned, "sent": self.result.sent, "counts": counts})


def _event(row: Mapping[str, Any], rerun: Rerun) -> FileEvent:
    path = row.get("file_path")
    return FileEvent(
        event_type=EventType.FILE_UPLOADED,
        bucket=row["bucket"],
        key=row["key"],
        size_bytes=int(row.get("size_bytes", 0)),
        original_path=path if path != row["key"] else None,
        # On this fence only: what was processed since is as new as it can be, and a copy is done once.
        cis={"rerun": rerun.value, "again": int(row["fence"])},
    )


def _unread_codes(row: Mapping[str, Any]) -> frozenset[str]:
    """The codes of what was not read of a file; of a row of an earlier version, its reason."""
    listed = row.get("unread")
    counts = UnreadSummary.from_json(listed).counts if listed else {}
    return frozenset({*counts, row.get("reason", "")})


def _is_older(row: Mapping[str, Any], version: str) -> bool:
    return _number(row.get("pipeline_version")) < _number(version)


def _number(version: object) -> tuple[int, ...]:
    """A version to compare; one that is missing or none of ours is older than all."""
    parts = str(version or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()

"""Repair: the event that settles a difference, and the fence that lets its result pass the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.aws.scans.event_sender import FileEvent
from worker.aws.scans.object_listing import ListedObject
from worker.aws.scans.row_scan import RowScan
from worker.maintenance.comparison import EntryState, Finding
from worker.models.file import EventType, ObjectVersion
from worker.models.ledger import State

# The ledger cuts longer ones.
_PATH_CHARS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A file whose object, row and entry differ at first sight."""

    key: str
    file_id: str
    listed: ListedObject | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What was read once more of a candidate: its object, the row as it is stored, its index entry."""

    version: ObjectVersion | None
    row: Mapping[str, Any] | None
    entry: EntryState | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """Makes the events for one bucket. Raises the errors of RowScan."""

    scan: RowScan
    bucket: str

    def event(self, candidate: Candidate, finding: Finding, evidence: Evidence) -> FileEvent | None:
        """The event that settles a difference; None where the row was claimed in the meantime."""
        fence, is_raised = self._pass_index(candidate.file_id, evidence)
        if finding.needs_redo and not is_raised:
            return None
        version = evidence.version
        return FileEvent(
            event_type=EventType.FILE_UPLOADED if version else EventType.FILE_DELETED,
            bucket=self.bucket,
            key=candidate.key,
            size_bytes=version.size_bytes if version else 0,
            original_path=_original_path(candidate.key, evidence.row),
            # Row and object agree already: a plain event would change nothing.
            cis={"again": fence} if finding.needs_redo else {},
        )

    def _pass_index(self, file_id: str, evidence: Evidence) -> tuple[int, bool]:
        """The row's fence, raised to that of the index entry, which would refuse the next result below it."""
        fence = int(evidence.row["fence"]) if evidence.row else None
        entry_fence = evidence.entry.fence if evidence.entry else 0
        if entry_fence <= (fence or 0):
            return fence or 0, True
        # It only ever rises, so that no attempt that was fenced off comes to its right again.
        return entry_fence, self.scan.raise_fence(file_id, seen=fence, to=entry_fence)


def _original_path(key: str, row: Mapping[str, Any] | None) -> str | None:
    """The path that users know, where the ledger has one other than the key."""
    if row is None or row.get("state") == State.TOMBSTONED:
        return None
    path = str(row.get("file_path", ""))
    return path if path and path != key and len(path) < _PATH_CHARS else None

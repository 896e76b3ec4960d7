"""What an object, its ledger row and its index entry say of each other: the differences of reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from worker.models.ledger import State

ROW_ATTRIBUTES = (
    *("file_id", "bucket", "key", "state", "version", "fence", "content_hash", "updated_at"),
    "index_pending",
)
"""The attributes of a ledger row that a comparison needs."""


class Difference(StrEnum):
    """The kinds of differences, as they are reported."""

    MISSING = "missing"
    STALE = "stale"
    ORPHANED = "orphaned"
    UNFINISHED = "unfinished"


class Finding(StrEnum):
    """The result of one comparison; those in `DIFFERENCES` are differences, the others are counted only."""

    NO_ROW = "no_row"
    OTHER_VERSION = "other_version"
    TOMBSTONED = "tombstoned"
    NOT_INDEXED = "not_indexed"
    OTHER_ENTRY = "other_entry"
    OBJECT_GONE = "object_gone"
    ENTRY_OF_DELETED = "entry_of_deleted"
    ENTRY_WITHOUT_ROW = "entry_without_row"
    UNFINISHED = "unfinished"
    # no difference
    MATCHING = "matching"
    NOTHING = "nothing"
    IN_PROGRESS = "in_progress"
    INDEX_PENDING = "index_pending"
    DEAD_LETTERED = "dead_lettered"

    @property
    def difference(self) -> Difference | None:
        """Its kind, None where it is no difference."""
        return DIFFERENCES.get(self)

    @property
    def needs_redo(self) -> bool:
        """Whether the row itself is right, so that a plain event would change nothing."""
        return self in (Finding.NOT_INDEXED, Finding.OTHER_ENTRY, Finding.ENTRY_OF_DELETED)


DIFFERENCES: Mapping[Finding, Difference] = {
    Finding.NO_ROW: Difference.MISSING,
    Finding.OTHER_VERSION: Difference.STALE,
    Finding.TOMBSTONED: Difference.STALE,
    Finding.NOT_INDEXED: Difference.STALE,
    Finding.OTHER_ENTRY: Difference.STALE,
    Finding.OBJECT_GONE: Difference.ORPHANED,
    Finding.ENTRY_OF_DELETED: Difference.ORPHANED,
    Finding.ENTRY_WITHOUT_ROW: Difference.ORPHANED,
    Finding.UNFINISHED: Difference.UNFINISHED,
}

EXPLANATIONS: Mapping[Finding, str] = {
    Finding.NO_ROW: "the ledger has no row",
    Finding.OTHER_VERSION: "the ledger has another version",
    Finding.TOMBSTONED: "the ledger says deleted, and the object exists",
    Finding.NOT_INDEXED: "the index has no entry",
    Finding.OTHER_ENTRY: "the index has the entry of another attempt",
    Finding.OBJECT_GONE: "the object is gone",
    Finding.ENTRY_OF_DELETED: "the object is deleted, and still in the index",
    Finding.ENTRY_WITHOUT_ROW: "only the index has it",
    Finding.UNFINISHED: "no end and no change for long",
}
"""What each difference means, for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowState:
    """What a comparison needs of a ledger row. `key` is empty where a row was seeded and never claimed."""

    file_id: str
    key: str
    state: str
    fence: int
    version: str | None = None
    content_hash: str | None = None
    updated_at: str = ""
    index_pending: bool = False

    @property
    def is_live(self) -> bool:
        """Whether the file is, or may become, part of the index."""
        return self.state != State.TOMBSTONED


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryState:
    """What a comparison needs of an index entry that is not tombstoned."""

    file_id: str
    key: str
    fence: int
    content_hash: str | None = None


def row_state(row: Mapping[str, Any] | None) -> RowState | None:
    """The state of a row of a scan; None where there is none."""
    return None if row is None else to_row_state(row)


def to_row_state(row: Mapping[str, Any]) -> RowState:
    """The state of a row of a scan."""
    return RowState(
        file_id=row["file_id"],
        key=row.get("key", ""),
        state=row.get("state", State.PROCESSING.value),
        fence=int(row.get("fence", 0)),
        version=row.get("version"),
        content_hash=row.get("content_hash"),
        updated_at=row.get("updated_at", ""),
        index_pending=bool(row.get("index_pending")),
    )


def compare(
    version: str | None, row: RowState | None, entry: EntryState | None, *, unfinished_before: str
) -> Finding:
    """Compare an object's version (None: there is none) with row and entry of its file.

    A row that is unfinished and did not change since `unfinished_before` (ISO 8601) has lost its message.
    """
    if row is None or not row.key:
        if version is not None:
            return Finding.NO_ROW
        return Finding.ENTRY_WITHOUT_ROW if entry else Finding.NOTHING
    if row.state == State.PROCESSING:
        return Finding.UNFINISHED if row.updated_at < unfinished_before else Finding.IN_PROGRESS
    if version is None:
        return _compare_absent(row, entry)
    if not row.is_live:
        return Finding.TOMBSTONED
    # A message that never reached its object was dead-lettered without a version.
    if row.version != version and not (row.state == State.DEAD_LETTERED and row.version is None):
        return Finding.OTHER_VERSION
    if row.state == State.DEAD_LETTERED:
        return Finding.DEAD_LETTERED
    return _compare_entry(row, entry)


def _compare_absent(row: RowState, entry: EntryState | None) -> Finding:
    if row.is_live:
        return Finding.OBJECT_GONE
    if row.index_pending:
        return Finding.INDEX_PENDING
    return Finding.ENTRY_OF_DELETED if entry else Finding.NOTHING


def _compare_entry(row: RowState, entry: EntryState | None) -> Finding:
    # The replayer writes the entry: nothing is wrong, and nothing is lost.
    if row.index_pending:
        return Finding.INDEX_PENDING
    if entry is None:
        return Finding.NOT_INDEXED
    if (entry.fence, entry.content_hash) != (row.fence, row.content_hash):
        return Finding.OTHER_ENTRY
    return Finding.MATCHING

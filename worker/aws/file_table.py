"""FileTable: the ledger, one DynamoDB row per file, and the fence that decides who may write.

A claim is `fence = :seen + 1, attempt = :mine IF fence = :seen`; every later write of that attempt is
conditional on its fence and attempt, so a stalled worker that wakes up is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from worker.aws import ledger_row
from worker.aws.ledger_row import FileRow, Value
from worker.aws.other_rows.unsent_events import UnsentEvents
from worker.aws.row_writer import RowWriter
from worker.aws.translation import translate_errors
from worker.errors import LeaseLostError
from worker.models.file import FileMessage
from worker.models.ledger import Checkpoint, Claim, Commit, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Commit", "FileTable"]

# Every heartbeat pays for the size of the row.
_MESSAGE_CHARS = 500
_PATH_CHARS = 2_000
_CRASH_MARKS = ("crash_strikes", "is_suspect", "is_isolated")
_NO_OWNER = ("owner", "boot_id", "is_isolated")
_PENDING = ("pending", "index_pending", "vectors_pending", "event_pending")
_STARTED: Mapping[str, Value | None] = {
    "state": State.PROCESSING.value,
    "beat": 0,
    **dict.fromkeys(_PENDING),
}
_IF_HELD = "#fence = :my_fence AND #attempt = :my_attempt"
_IF_HELD_AND_OWNED = f"{_IF_HELD} AND attribute_exists(#owner)"


class FileTable:
    """The ledger, as one worker (`owner`, on a machine's boot `boot_id`) writes it.

    Every method raises UnavailableError or ThrottledError when DynamoDB is unavailable, and
    MisconfiguredError when the table is missing or forbidden.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        table: str,
        owner: str,
        pipeline_version: str,
        boot_id: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._table = table
        self._boot_id = boot_id
        # A claim marks the start: by which process, on which boot of its machine, with which code.
        self._mark = {"owner": owner, "boot_id": boot_id, "pipeline_version": pipeline_version}
        self._writer = RowWriter(client=client, table=table, now=now)
        self._announce: Callable[[FileRow], None] | None = None

    def announce_commits(self, announce: Callable[[FileRow], None]) -> None:
        """Have each commit marked as one whose event is to be sent, and hand its row to `announce`."""
        self._announce = announce

    @property
    def announces_commits(self) -> bool:
        """Whether end states are announced."""
        return self._announce is not None

    def read(self, file_id: str) -> FileRow | None:
        """The current row (a consistent read), None when the file was never claimed."""
        with translate_errors(f"read {file_id} in table {self._table}"):
            response = self._client.get_item(
                TableName=self._table, Key={"file_id": {"S": file_id}}, ConsistentRead=True
            )
        item = response.get("Item")
        return next(ledger_row.complete_rows([item] if item else []), None)

    def read_many(self, file_ids: Collection[str]) -> dict[str, FileRow]:
        """The rows (consistent) of 1 to 100 files, by file_id.

        Files that were never claimed are left out, and others may be while the table is throttled.
        """
        keys = [{"file_id": ledger_row.to_wire(file_id)} for file_id in file_ids]
        with translate_errors(f"read table {self._table}"):
            response = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
        rows = ledger_row.complete_rows(response["Responses"].get(self._table, []))
        return {row.file_id: row for row in rows}

    def rows(self) -> Iterator[FileRow]:
        """All rows, in no order: a scan, for operators and tests, not for the worker's own path."""
        with translate_errors(f"read table {self._table}"):
            pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            for page in pages:
                yield from ledger_row.complete_rows(page["Items"])

    def claim(
        self,
        message: FileMessage,
        *,
        message_id: str,
        version: str | None,
        seen: FileRow | None,
        attempt: str,
        is_isolated: bool = False,
    ) -> FileRow:
        """Claim the file for one attempt, replacing the row that was `seen`; returns the claimed row.

        Whether the row may be claimed is the caller's decision; LeaseLostError means that another attempt
        claimed it in the meantime. `attempt` must be new for every call. Counts, checkpoint and reason
        survive only in an unfinished row of the same version; the pointers to stored content stay until
        the commit replaces them, and pending flags are cleared.
        """
        values: dict[str, Value | None] = {
            # Not ADD: a retry after a lost response is refused, and recognises its own attempt in the row.
            "fence": (seen.fence if seen else 0) + 1,
            "attempt": attempt,
            "message_id": message_id,
            "version": version,
            "is_isolated": is_isolated,
            **self._mark,
            "bucket": message.bucket,
            "key": message.key,
            "file_path": message.display_path[:_PATH_CHARS],
            "first_seen_ms": message.first_seen_ms,
            **ledger_row.origin_of(message),
            **_STARTED,
            **ledger_row.values_of_version(message, version, seen),
        }
        row = self._writer.write(
            message.file_id,
            what="claim",
            condition=self._unchanged(seen) if seen else "attribute_not_exists(#fence)",
            expected={":seen": seen.fence} if seen else {},
            values=values,
        )
        if row is None or row.attempt != attempt:
            raise LeaseLostError(
                f"File {message.file_id} was claimed in the meantime by attempt "
                f"{row.attempt if row else None}; that attempt continues with it."
            )
        return row

    def _unchanged(self, seen: FileRow) -> str:
        """The condition that a row is as it was seen; its event, which a claim removes, is kept first."""
        if seen.event_pending:
            UnsentEvents(client=self._client, table=self._table).keep(seen)
        elif self.announces_commits:
            # An end state that came since the row was read has an event that nobody has kept.
            return "#fence = :seen AND attribute_not_exists(#event_pending)"
        return "#fence = :seen"

    def seed(self, file: FileMessage, *, fence: int, checkpoint: Checkpoint | None = None) -> None:
        """Start the fence of a file that was never claimed at `fence` (1 or more), with pages of before.

        Needed for a new ledger beside an existing index, which refuses versions below its own.
        """
        self._writer.write(
            file.file_id,
            what="seed",
            condition="attribute_not_exists(#fence)",
            expected={},
            values=ledger_row.first_values(fence, checkpoint),
        )

    def beat(self, claim: Claim) -> bool:
        """Record that the attempt is alive; False means that the file was taken over."""
        return self._write(claim, what="beat for", count="beat") is not None

    def save_checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> None:
        """Store the pointer to the finished pages, whose objects exist already. Raises LeaseLostError.

        Progress clears the strikes: the file did not kill its worker this time. Written in the background,
        it may arrive after the commit or the release of the same attempt, and must change nothing then.
        """
        values: dict[str, Value | None] = {
            "checkpoint": ledger_row.checkpoint_to_json(checkpoint),
            **dict.fromkeys(_CRASH_MARKS),
        }
        row = self._write(claim, what="checkpoint", values=values, condition=_IF_HELD_AND_OWNED)
        _require_lease(row if row is not None and row.owner else None, claim)

    def commit(self, claim: Claim, commit: Commit) -> None:
        """Write the end of a file's processing and release it. Raises LeaseLostError.

        Repeating it after a lost response changes nothing. Only a dead-lettered row keeps its counts.
        """
        values: dict[str, Value | None] = {
            "state": commit.state.value,
            "reason": commit.reason,
            "reason_message": commit.reason_message[:_MESSAGE_CHARS],
            "unread": commit.unread.to_json(),
            "metadata": ledger_row.metadata_to_json(commit.metadata),
            "content_hash": commit.content_hash,
            "artifact_key": commit.artifact_key,
            "thumbnail_key": commit.thumbnail_key,
            "pages": commit.pages,
            "file_type": commit.file_type.value if commit.file_type else None,
            "size_bytes": commit.size_bytes,
            **ledger_row.pending_values(
                claim.file_id,
                index=commit.index_pending,
                vectors=commit.vectors_pending,
                event=self.announces_commits,
            ),
            "checkpoint": None,
            "is_suspect": None,
            "rerun": None,
            **dict.fromkeys(_NO_OWNER),
        }
        if not commit.keeps_text:
            values["pipeline_version"] = self._mark["pipeline_version"]
        if commit.file_path:
            values["file_path"] = commit.file_path[:_PATH_CHARS]
        # An operator wants to see how often a dead-lettered file had failed.
        if commit.state is not State.DEAD_LETTERED:
            values |= dict.fromkeys(ledger_row.COUNTS)
        row = _require_lease(self._write(claim, what="commit", values=values), claim)
        if self._announce is not None:
            self._announce(row)

    def release(self, claim: Claim, *, interrupted: bool) -> bool:
        """Release an unfinished file, so that the next worker need not wait; its checkpoint stays.

        False means that another attempt holds the file already; the caller need not act.
        """
        count = "interruptions" if interrupted else None
        return self._release(claim, what="release", values={}, count=count) is not None

    def record_failure(self, claim: Claim, *, code: str, message: str) -> int:
        """Count a failure and release the file; returns the failures so far. Raises LeaseLostError."""
        values = {"reason": code, "reason_message": message[:_MESSAGE_CHARS]}
        return _require_lease(
            self._release(claim, what="record a failure of", values=values, count="failures"), claim
        ).failures

    def record_crash(self, claim: Claim) -> FileRow | None:
        """Record that the process which held the file died, and its machine did not; releases the file.

        The file becomes suspect. A death while it was isolated and made no progress is a strike. None when
        the file was not held any more.
        """
        row = self.read(claim.file_id)
        if row is None or not row.boot_id or row.boot_id != self._boot_id:
            return None
        count = "crash_strikes" if row.is_isolated else None
        return self._release(claim, what="record a crash of", values={"is_suspect": True}, count=count)

    def _release(
        self, claim: Claim, *, what: str, values: Mapping[str, Value | None], count: str | None
    ) -> FileRow | None:
        # The owner is in the condition: a retry after a lost response finds none, and does not count twice.
        return self._write(
            claim,
            what=what,
            values={**values, **dict.fromkeys(_NO_OWNER)},
            count=count,
            condition=_IF_HELD_AND_OWNED,
        )

    def _write(
        self,
        claim: Claim,
        *,
        what: str,
        values: Mapping[str, Value | None] = MappingProxyType({}),
        count: str | None = None,
        condition: str = _IF_HELD,
    ) -> FileRow | None:
        """Write for a claim; returns its row, None when another attempt holds the file."""
        row = self._writer.write(
            claim.file_id,
            what=what,
            condition=condition,
            expected={":my_fence": claim.fence, ":my_attempt": claim.attempt},
            values=values,
            count=count,
        )
        mine = row is not None and (row.fence, row.attempt) == (claim.fence, claim.attempt)
        return row if mine else None


def _require_lease(row: FileRow | None, claim: Claim) -> FileRow:
    if row is None:
        raise LeaseLostError(
            f"File {claim.file_id} is no longer held by attempt {claim.attempt} (fence {claim.fence}); "
            "the attempt that took it over continues with it.",
            refused_by="ledger",
        )
    return row

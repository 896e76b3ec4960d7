"""FileTable: the ledger, one DynamoDB row a file, and the fence that decides who may write.

A claim is `fence = :seen + 1, attempt = :mine IF fence = :seen` (the first one: no fence yet), and
everything an attempt writes afterwards is conditional on that fence and that attempt. So a stalled
worker that wakes up is refused, and a retry after a lost response finds its own attempt and knows
that it had succeeded; ADD would count such a call twice. Wall clocks are written for people
(`updated_at`) and never compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from worker.aws import ledger_row
from worker.aws.ledger_row import FileRow, Value
from worker.aws.row_writer import RowWriter
from worker.aws.translation import translated
from worker.errors import LeaseLostError
from worker.models.file import FileMessage, FileType
from worker.models.ledger import Checkpoint, Claim, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MESSAGE_CHARS = 500
_PATH_CHARS = 2_000
_COUNTS = ("failures", "interruptions", "crash_strikes")
_OF_ONE_VERSION = (*_COUNTS, "checkpoint", "reason", "reason_message")
_PENDING = ("pending", "index_pending", "vectors_pending")
_HELD = "#fence = :my_fence AND #attempt = :my_attempt"
_HELD_AND_OWNED = f"{_HELD} AND attribute_exists(#owner)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """The end of one file's processing, as the ledger keeps it. `state` is an end state.

    `file_path` is what the index was told where that is not what the claim's message said.
    """

    state: State
    reason: str | None = None
    reason_message: str = ""
    content_hash: str | None = None
    artifact_key: str | None = None
    thumbnail_key: str | None = None
    pages: int = 0
    index_pending: bool = False
    vectors_pending: bool = False
    file_path: str = ""
    file_type: FileType | None = None
    size_bytes: int = 0


class FileTable:
    """The ledger, as one worker (`owner`) writes it.

    Every method raises UnavailableError or ThrottledError when DynamoDB is away, and
    MisconfiguredError when the table is missing or forbidden.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        table: str,
        owner: str,
        pipeline_version: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._table = table
        self._owner = owner
        self._pipeline_version = pipeline_version
        self._writer = RowWriter(client=client, table=table, now=now)

    def read(self, file_id: str) -> FileRow | None:
        """The row as it is now (consistent), None when the file was never claimed."""
        with translated(f"read {file_id} in table {self._table}"):
            response = self._client.get_item(
                TableName=self._table, Key={"file_id": {"S": file_id}}, ConsistentRead=True
            )
        item = response.get("Item")
        return next(ledger_row.whole([item] if item else []), None)

    def read_many(self, file_ids: Collection[str]) -> dict[str, FileRow]:
        """The rows (consistent) of 1 to 100 files, by file_id.

        Files that were never claimed are left out, and so may be others while the table is busy.
        """
        keys = [{"file_id": ledger_row.to_wire(file_id)} for file_id in file_ids]
        with translated(f"read table {self._table}"):
            response = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
        rows = ledger_row.whole(response["Responses"].get(self._table, []))
        return {row.file_id: row for row in rows}

    def rows(self) -> Iterator[FileRow]:
        """All rows, in no order: a scan, for operators and proofs, not for the worker's own path."""
        with translated(f"read table {self._table}"):
            pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            for page in pages:
                yield from ledger_row.whole(page["Items"])

    def claim(
        self,
        message: FileMessage,
        *,
        message_id: str,
        version: str | None,
        seen: FileRow | None,
        attempt: str,
    ) -> FileRow:
        """Take the file for one attempt, over the row that was `seen`; returns the row as claimed.

        Whether the row may be taken is the caller's decision; this only makes sure that nobody took
        it meanwhile (LeaseLostError). `attempt` must be new for every call. Failures, interruptions,
        checkpoint and reason go on counting only for an unfinished row of the same version; what is
        stored of the file's content is kept until the commit replaces it. What was pending is not any
        more: this attempt's own end decides that anew.
        """
        values: dict[str, Value | None] = {
            "fence": (seen.fence if seen else 0) + 1,
            "attempt": attempt,
            "state": State.PROCESSING.value,
            "owner": self._owner,
            "message_id": message_id,
            "version": version,
            "bucket": message.bucket,
            "key": message.key,
            "file_path": message.display_path[:_PATH_CHARS],
            "beat": 0,
            "pipeline_version": self._pipeline_version,
            **dict.fromkeys(_PENDING),
        }
        if seen is None or seen.finished or seen.version != version:
            values |= dict.fromkeys(_OF_ONE_VERSION)
        row = self._writer.write(
            message.file_id,
            what="claim",
            condition="#fence = :seen" if seen else "attribute_not_exists(#fence)",
            expected={":seen": seen.fence} if seen else {},
            values=values,
        )
        if row is None or row.attempt != attempt:
            raise LeaseLostError(
                f"File {message.file_id} was claimed meanwhile by attempt {row.attempt if row else None}; "
                "that attempt goes on with it."
            )
        return row

    def seed(self, file: FileMessage, *, fence: int) -> None:
        """Have the fence of a file nobody claimed yet go on from `fence` (1 or more).

        For a new ledger beside an index that was kept, which refuses what is older than its own.
        """
        self._writer.write(
            file.file_id,
            what="seed",
            condition="attribute_not_exists(#fence)",
            expected={},
            values={"fence": fence, "state": State.PROCESSING.value},
        )

    def beat(self, claim: Claim) -> bool:
        """Show that the attempt is alive; False means the file was taken over."""
        return self._write(claim, what="beat for", count="beat") is not None

    def save_checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> None:
        """Point at the finished pages, whose objects are stored already. Raises LeaseLostError."""
        values = {"checkpoint": ledger_row.checkpoint_to_json(checkpoint)}
        _held(self._write(claim, what="checkpoint", values=values), claim)

    def commit(self, claim: Claim, commit: Commit) -> None:
        """Write the end of a file's processing and let go of it. Raises LeaseLostError.

        Repeating it after a lost response changes nothing. Only a dead-lettered row keeps its counts.
        """
        values: dict[str, Value | None] = {
            "state": commit.state.value,
            "reason": commit.reason,
            "reason_message": commit.reason_message[:_MESSAGE_CHARS],
            "content_hash": commit.content_hash,
            "artifact_key": commit.artifact_key,
            "thumbnail_key": commit.thumbnail_key,
            "pages": commit.pages,
            "file_type": commit.file_type.value if commit.file_type else None,
            "size_bytes": commit.size_bytes,
            **ledger_row.pending_values(
                claim.file_id, index=commit.index_pending, vectors=commit.vectors_pending
            ),
            "checkpoint": None,
            "owner": None,
        }
        if commit.file_path:
            values["file_path"] = commit.file_path[:_PATH_CHARS]
        if commit.state is not State.DEAD_LETTERED:
            values |= dict.fromkeys(_COUNTS)
        _held(self._write(claim, what="commit", values=values), claim)

    def release(self, claim: Claim, *, interrupted: bool) -> bool:
        """Let go of an unfinished file, so that the next worker need not wait; its checkpoint stays.

        False means that another attempt has the file already, which is as good.
        """
        count = "interruptions" if interrupted else None
        return self._let_go(claim, what="release", values={}, count=count) is not None

    def record_failure(self, claim: Claim, *, code: str, message: str) -> int:
        """Count a failure and let go of the file; returns the failures so far. Raises LeaseLostError."""
        values = {"reason": code, "reason_message": message[:_MESSAGE_CHARS]}
        return _held(
            self._let_go(claim, what="record a failure of", values=values, count="failures"), claim
        ).failures

    def _let_go(
        self, claim: Claim, *, what: str, values: Mapping[str, Value | None], count: str | None
    ) -> FileRow | None:
        # A repeated call after a lost response finds no owner, so that it does not count twice.
        return self._write(
            claim, what=what, values={**values, "owner": None}, count=count, condition=_HELD_AND_OWNED
        )

    def _write(
        self,
        claim: Claim,
        *,
        what: str,
        values: Mapping[str, Value | None] = MappingProxyType({}),
        count: str | None = None,
        condition: str = _HELD,
    ) -> FileRow | None:
        """Write for a claim; returns its row, None when the file is another attempt's."""
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


def _held(row: FileRow | None, claim: Claim) -> FileRow:
    if row is None:
        raise LeaseLostError(
            f"File {claim.file_id} is no longer held by attempt {claim.attempt} (fence {claim.fence}); "
            "the attempt that took it over goes on with it."
        )
    return row

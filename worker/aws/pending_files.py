"""PendingFiles: the ledger rows whose index entry or vectors are still to be written, by a sparse index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.aws import ledger_row
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import VECTORS_ONLY, FileRow, Value
from worker.aws.row_writer import RowWriter
from worker.aws.scans.pending_index import PendingPage, query_shard
from worker.errors import Code
from worker.models.ledger import State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = tuple(f"{kind}{digit}" for digit in "0123456789abcdef" for kind in ("", VECTORS_ONLY))
"""All keys of the index; a file is in one of two, by its first digit."""

_MESSAGE_CHARS = 500


def is_vectors_only(shard: str) -> bool:
    """Whether the rows of a shard lack nothing but vectors."""
    return shard.startswith(VECTORS_ONLY)


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingFiles:
    """Queries and updates pending rows. Every method raises the errors of FileTable's methods."""

    client: DynamoDBClient
    name: str
    table: FileTable

    def page(self, shard: str, *, limit: int, after: str | None = None) -> PendingPage:
        """Up to `limit` files of a shard (one of SHARDS), eventually consistent.

        Raises MisconfiguredError when the table has no such index, or it is still being built.
        """
        return query_shard(self.client, self.name, shard, limit=limit, after=after)

    def read(self, file_id: str) -> FileRow | None:
        """The current row, None when nothing is pending any more."""
        # The index lags behind the table and holds keys only, hence this consistent read before a fill.
        row = self.table.read(file_id)
        return row if row is not None and row.is_finished and row.lacks_something else None

    def fill(self, row: FileRow, *, index_pending: bool = False, vectors_pending: bool = False) -> bool:
        """Record what is still pending for a row that was `row` when its document was made.

        False: nothing changed, because the file was claimed or filled in the meantime.
        """
        values = ledger_row.pending_values(
            row.file_id, index=index_pending, vectors=vectors_pending, event=row.event_pending
        )
        # Whether it was sent is no business of a fill: it may have been since the row was read.
        del values["event_pending"]
        now = self._write(row, "fill", values, last=not (index_pending or vectors_pending))
        return now is not None and (
            now.fence,
            now.state,
            now.index_pending,
            now.vectors_pending,
        ) == (row.fence, row.state, index_pending, vectors_pending)

    def refuse(self, row: FileRow, *, reason: str, index_pending: bool = False) -> bool:
        """Record that the index refuses the row's document; False as with `fill`.

        The stored content stays, so that the document can be indexed when the cause is fixed.
        `index_pending` is whether the entry with the reason is still to be written.
        """
        values: dict[str, Value | None] = {
            "state": State.DEAD_LETTERED.value,
            "reason": Code.INDEX_REJECTED.value,
            "reason_message": reason[:_MESSAGE_CHARS],
            **ledger_row.pending_values(
                row.file_id, index=index_pending, vectors=False, event=self.table.announces_commits
            ),
        }
        now = self._write(row, "dead-letter", values, last=not index_pending)
        return now is not None and (now.fence, now.state) == (row.fence, State.DEAD_LETTERED)

    def _write(
        self, row: FileRow, what: str, values: Mapping[str, Value | None], *, last: bool
    ) -> FileRow | None:
        condition = "#fence = :seen AND #state = :was AND attribute_not_exists(#owner)"
        # Two workers may fill one row at the same time. The write that leaves nothing pending is refused when
        # another came in between, since that one may have left something pending.
        expected: dict[str, Value] = {":seen": row.fence, ":was": row.state.value}
        if last and row.fills:
            condition += " AND #fills = :fills"
            expected[":fills"] = row.fills
        elif last:
            condition += " AND attribute_not_exists(#fills)"
        return RowWriter(client=self.client, table=self.name).write(
            row.file_id, what=what, condition=condition, expected=expected, values=values, count="fills"
        )

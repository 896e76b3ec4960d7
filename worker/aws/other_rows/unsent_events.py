"""UnsentEvents: end states that are still to be announced, found by shards of their own in the sparse index.

Most are a mark on the file's row. One whose row is claimed again, or lacks something else, is kept as a row
of its own, which nothing overwrites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.aws import ledger_row
from worker.aws.ledger_row import EVENTS, PENDING, FileRow, Value, event_shard
from worker.aws.messages.document_event import DocumentEvent
from worker.aws.row_writer import RowWriter
from worker.aws.scans.pending_index import PendingPage, query_shard
from worker.aws.scans.row_scan import RowScan
from worker.aws.translation import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = tuple(f"{EVENTS}{digit}" for digit in "0123456789abcdef")
"""The keys of unsent events in the index; the replayers' are others."""

PREFIX = "event#"
"""What the key of an event that is kept begins with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsentEvents:
    """The unsent events of one table. Every method raises the errors of FileTable's methods."""

    client: DynamoDBClient
    table: str

    def page(self, shard: str, *, limit: int, after: str | None = None) -> PendingPage:
        """Up to `limit` keys of a shard (one of SHARDS), eventually consistent.

        Raises MisconfiguredError when the table has no such index, or it is still being built.
        """
        return query_shard(self.client, self.table, shard, limit=limit, after=after)

    def read_kept(self, keys: Sequence[str]) -> tuple[DocumentEvent, ...]:
        """The kept events of these keys; those that are gone are left out."""
        rows = RowScan(client=self.client, table=self.table).read(keys, ("file_id", "event"))
        return tuple(DocumentEvent.from_text(row["event"]) for row in rows.values() if "event" in row)

    def keep(self, row: FileRow) -> str:
        """Keep the event of a row beside it, so that the row may be claimed again; returns its key."""
        event = DocumentEvent.from_row(row)
        key = f"{PREFIX}{event.event_id}"
        with translate_errors(f"keep the event of {row.file_id} in table {self.table}"):
            self.client.update_item(
                TableName=self.table,
                Key={"file_id": {"S": key}},
                UpdateExpression="SET #pending = :shard, #event = :event",
                ExpressionAttributeNames={"#pending": PENDING, "#event": "event"},
                ExpressionAttributeValues={
                    ":shard": {"S": event_shard(row.file_id)},
                    ":event": {"S": event.text},
                },
            )
        return key

    def remove(self, event: DocumentEvent) -> None:
        """Remove a kept event that was sent; nothing happens where it is gone."""
        with translate_errors(f"remove the event {event.event_id} from table {self.table}"):
            self.client.delete_item(TableName=self.table, Key={"file_id": {"S": f"{PREFIX}{event.event_id}"}})

    def clear(self, row: FileRow) -> bool:
        """Take the mark off a row whose event was sent or kept; False when the row changed meanwhile."""
        values = ledger_row.pending_values(row.file_id, index=row.index_pending, vectors=row.vectors_pending)
        condition = "#fence = :seen AND #state = :was AND attribute_not_exists(#owner)"
        expected: dict[str, Value] = {":seen": row.fence, ":was": row.state.value}
        # What is pending beside it must be what it was, or the row would get a key that is no longer right.
        if row.fills:
            condition += " AND #fills = :fills"
            expected[":fills"] = row.fills
        else:
            condition += " AND attribute_not_exists(#fills)"
        now = RowWriter(client=self.client, table=self.table).write(
            row.file_id, what="clear the event of", condition=condition, expected=expected, values=values
        )
        return now is not None and (now.fence, now.state, now.event_pending) == (row.fence, row.state, False)

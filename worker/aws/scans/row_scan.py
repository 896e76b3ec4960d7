"""RowScan: all rows of the ledger page by page, many at once by id, and what a sweep changes of one.

The values come as DynamoDB sends them: boto3's deserializer takes longer for a row than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.aws.ledger_row import Value, is_file
from worker.aws.row_writer import RowWriter
from worker.aws.translation import translate_errors
from worker.errors import ThrottledError
from worker.models.ledger import State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef, ScanInputTypeDef

_READ_BATCH = 100
# Of a scan: a page of 1 MB, the default, takes a busy table seconds.
_PAGE_ROWS = 1_000
_BATCH_TRIES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPage:
    """Some rows, each with its plain attributes; `after` is where the next page starts, None at the end."""

    rows: Sequence[Mapping[str, Any]]
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowScan:
    """One table, read as a whole. Every method raises the errors of FileTable's methods."""

    client: DynamoDBClient
    table: str
    page_rows: int = _PAGE_ROWS

    def count(self) -> int:
        """About how many rows there are: DynamoDB counts every six hours."""
        with translate_errors(f"read table {self.table}"):
            return self.client.describe_table(TableName=self.table)["Table"].get("ItemCount", 0)

    def pages(self, attributes: Sequence[str], *, after: str | None = None) -> Iterator[RowPage]:
        """All rows of files after the row `after`, in DynamoDB's own order, eventually consistent.

        `attributes` must name `file_id`: what is no file is left out by it.
        """
        request: ScanInputTypeDef = {
            "TableName": self.table,
            "ProjectionExpression": ",".join(f"#{name}" for name in attributes),
            "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
            "Limit": self.page_rows,
        }
        while True:
            if after is not None:
                request["ExclusiveStartKey"] = {"file_id": {"S": after}}
            with translate_errors(f"read table {self.table}"):
                answer = self.client.scan(**request)
            after = str(answer.get("LastEvaluatedKey", {}).get("file_id", {}).get("S", "")) or None
            rows = [_plain(item) for item in answer["Items"] if is_file(item["file_id"]["S"])]
            yield RowPage(rows=rows, after=after)
            if after is None:
                return

    def read(self, file_ids: Sequence[str], attributes: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The rows (consistent) of some files by file_id; a file without a row is left out.

        Raises ThrottledError when DynamoDB leaves rows unread again and again.
        """
        names = {f"#{name}": name for name in attributes}
        found: dict[str, Mapping[str, Any]] = {}
        left = list(dict.fromkeys(file_ids))
        for _ in range(_BATCH_TRIES):
            if not left:
                return found
            batch, rest = left[:_READ_BATCH], left[_READ_BATCH:]
            keys: KeysAndAttributesTypeDef = {
                "Keys": [{"file_id": {"S": file_id}} for file_id in batch],
                "ConsistentRead": True,
                "ProjectionExpression": ",".join(names),
                "ExpressionAttributeNames": names,
            }
            with translate_errors(f"read table {self.table}"):
                answer = self.client.batch_get_item(RequestItems={self.table: keys})
            for row in map(_plain, answer["Responses"].get(self.table, [])):
                found[row["file_id"]] = row
            unread = answer.get("UnprocessedKeys", {}).get(self.table)
            left = [*(str(key["file_id"].get("S")) for key in unread["Keys"]), *rest] if unread else rest
        raise ThrottledError(f"Could not read table {self.table}: {len(left)} rows were left unread.")

    def remove_tombstone(self, file_id: str, *, fence: int) -> bool:
        """Delete the row of a file that is still tombstoned on this fence; False when it is not.

        Neither is it while its event is still to be sent.
        """
        with translate_errors(f"purge {file_id} from table {self.table}"):
            try:
                self.client.delete_item(
                    TableName=self.table,
                    Key={"file_id": {"S": file_id}},
                    ConditionExpression="#fence = :fence AND #state = :tombstoned "
                    "AND attribute_not_exists(#event_pending)",
                    ExpressionAttributeNames={
                        f"#{name}": name for name in ("fence", "state", "event_pending")
                    },
                    ExpressionAttributeValues={
                        ":fence": {"N": str(fence)},
                        ":tombstoned": {"S": State.TOMBSTONED.value},
                    },
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def raise_fence(self, file_id: str, *, seen: int | None, to: int) -> bool:
        """Raise the fence of a file that nobody holds to that of its index entry; False when the row changed.

        Without `seen` there is no row yet. Needed after the loss or the restore of a ledger: the index
        refuses every version below its own.
        """
        values: dict[str, Value | None] = {"fence": to}
        if seen is None:
            values["state"] = State.PROCESSING.value
        row = RowWriter(client=self.client, table=self.table).write(
            file_id,
            what="raise the fence of",
            condition="attribute_not_exists(#fence)"
            if seen is None
            else "#fence = :seen AND attribute_not_exists(#owner)",
            expected={} if seen is None else {":seen": seen},
            values=values,
        )
        return row is not None and row.fence == to


def _plain(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: next(iter(value.values())) for name, value in item.items()}

"""WorkerRows: one row a worker in the ledger's table, found by a key of their own in its sparse index.

A beat writes the row and leaves its keys alone, so the index is written twice in a worker's life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from worker.aws.ledger_row import PENDING
from worker.aws.scans.row_scan import RowScan
from worker.aws.translation import ErrorTable, misconfigured, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

PREFIX = "worker#"
"""What the key of a worker's row begins with."""

WORKERS = "worker"
"""The key of all workers in the sparse index; no key of pending files is like it."""

EXPIRES_AT = "expires_at"
"""The attribute by which DynamoDB removes rows (TTL), in seconds since 1970."""

_PAGE = 1_000
_NO_INDEX = misconfigured(
    f"Workers cannot be listed: `cis-worker init` adds the table's index `{PENDING}`, and the role needs "
    "dynamodb:Query on it."
)
_QUERY: ErrorTable = dict.fromkeys(
    ("AccessDeniedException", "ResourceNotFoundException", "ValidationException"), _NO_INDEX
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerRow:
    """One worker at its last beat.

    `lifecycle` is the worker's (idle, working, paused, stopping), `instance_lifecycle` that of its instance
    (spot, on-demand, or "" outside EC2). `documents` and `pages` are in hand. `pages_per_minute` is of the
    minutes in which there was work. The figures `..._last_hour` are of the documents finished in that time:
    `pages_last_hour` their pages, `pages_squared_last_hour` the sum of the squares, so that the spread over a
    fleet can be computed. Times are seconds since 1970, by the worker's own clock.
    """

    worker: str
    instance: str = ""
    process: int = 0
    version: str = ""
    group: str = ""
    lifecycle: str = ""
    instance_lifecycle: str = ""
    documents: int = 0
    pages: int = 0
    pages_per_minute: float = 0.0
    documents_last_hour: int = 0
    pages_last_hour: int = 0
    pages_squared_last_hour: int = 0
    busy_s_last_hour: int = 0
    started_at: int = 0
    beat_at: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerRows:
    """The workers of one table. Every method raises the errors of FileTable's methods."""

    client: DynamoDBClient
    table: str

    def write(self, row: WorkerRow, *, expires_at: int) -> None:
        """Write a worker's row; after `expires_at` DynamoDB may remove it."""
        values = {name: value for name, value in asdict(row).items() if name != "worker"}
        values |= {PENDING: WORKERS, EXPIRES_AT: expires_at}
        given = {name: _to_wire(value) for name, value in values.items() if value}
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in given)
        if empty := [f"#{name}" for name, value in values.items() if not value]:
            change += " REMOVE " + ", ".join(empty)
        with translate_errors(f"register worker {row.worker} in table {self.table}"):
            self.client.update_item(
                TableName=self.table,
                Key=_key(row.worker),
                UpdateExpression=change,
                ExpressionAttributeNames={f"#{name}": name for name in values},
                ExpressionAttributeValues={f":{name}": value for name, value in given.items()},
            )

    def remove(self, worker: str) -> None:
        """Remove a worker's row; nothing happens where there is none."""
        with translate_errors(f"remove worker {worker} from table {self.table}"):
            self.client.delete_item(TableName=self.table, Key=_key(worker))

    def read(self) -> tuple[WorkerRow, ...]:
        """All registered workers by name: the keys from the index, the rows themselves consistent.

        Raises MisconfiguredError when the table has no such index.
        """
        names = tuple(field.name for field in fields(WorkerRow) if field.name != "worker")
        scan = RowScan(client=self.client, table=self.table)
        found = scan.read(self._keys(), ("file_id", *names))
        return tuple(sorted(map(_from_wire, found.values()), key=lambda row: row.worker))

    def _keys(self) -> list[str]:
        query: QueryInputTypeDef = {
            "TableName": self.table,
            "IndexName": PENDING,
            "KeyConditionExpression": "#pending = :workers",
            "ExpressionAttributeNames": {"#pending": PENDING},
            "ExpressionAttributeValues": {":workers": {"S": WORKERS}},
            "Limit": _PAGE,
        }
        keys: list[str] = []
        while True:
            with translate_errors(f"query the index {PENDING} of table {self.table}", _QUERY):
                answer = self.client.query(**query)
            keys += [str(item["file_id"]["S"]) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            if not last:
                return keys
            query["ExclusiveStartKey"] = last


def _key(worker: str) -> dict[str, Any]:
    return {"file_id": {"S": f"{PREFIX}{worker}"}}


def _to_wire(value: str | float) -> Any:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _from_wire(item: Mapping[str, Any]) -> WorkerRow:
    # Numbers come as text; a row of another version may have more attributes or fewer.
    values: dict[str, Any] = {"worker": str(item["file_id"]).removeprefix(PREFIX)}
    for field in fields(WorkerRow):
        if field.name in item:
            values[field.name] = _read(item[field.name], kind=type(field.default))
    return WorkerRow(**values)


def _read(text: str, *, kind: type) -> str | float:
    if kind is str:
        return text
    return float(text) if kind is float else int(text)

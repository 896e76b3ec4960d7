"""WorkerRows: one row a worker in the ledger's table, and one row that lists them.

A beat writes the worker's own row; the list is written twice in a worker's life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from worker.aws.scans.row_scan import RowScan
from worker.aws.translation import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "worker#"
"""What the key of a worker's row begins with."""

LIST_KEY = "workers#"
"""The key of the row that lists all workers, in a set of strings."""

EXPIRES_AT = "expires_at"
"""The attribute by which DynamoDB removes rows (TTL), in seconds since 1970."""

_MEMBERS = "members"


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
    _listed: set[str] = field(default_factory=set)

    def write(self, row: WorkerRow, *, expires_at: int) -> None:
        """Write a worker's row; after `expires_at` DynamoDB may remove it. The first time it is listed."""
        values = {name: value for name, value in asdict(row).items() if name != "worker"}
        values[EXPIRES_AT] = expires_at
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
        # Its row is there first: who finds a listed worker without a row takes it off the list.
        if row.worker not in self._listed:
            self._take_off(self._missing(self._change_list("ADD", [row.worker])))
            self._listed.add(row.worker)

    def remove(self, worker: str) -> None:
        """Remove a worker's row; nothing happens where there is none."""
        with translate_errors(f"remove worker {worker} from table {self.table}"):
            self.client.delete_item(TableName=self.table, Key=_key(worker))
        self._take_off([worker])
        self._listed.discard(worker)

    def read(self) -> tuple[WorkerRow, ...]:
        """All registered workers by name, consistent; a listed one whose row has expired is left out."""
        with translate_errors(f"read the workers in table {self.table}"):
            answer = self.client.get_item(
                TableName=self.table, Key={"file_id": {"S": LIST_KEY}}, ConsistentRead=True
            )
        names = answer.get("Item", {}).get(_MEMBERS, {}).get("SS", [])
        attributes = tuple(each.name for each in fields(WorkerRow) if each.name != "worker")
        found = self._scan.read([f"{PREFIX}{name}" for name in names], ("file_id", *attributes))
        return tuple(sorted(map(_from_wire, found.values()), key=lambda row: row.worker))

    @property
    def _scan(self) -> RowScan:
        return RowScan(client=self.client, table=self.table)

    def _missing(self, workers: Sequence[str]) -> list[str]:
        """Those without a row: they were killed, and their rows have expired."""
        found = self._scan.read([f"{PREFIX}{worker}" for worker in workers], ("file_id",))
        return [worker for worker in workers if f"{PREFIX}{worker}" not in found]

    def _take_off(self, workers: Sequence[str]) -> None:
        if workers:
            self._change_list("DELETE", workers)

    def _change_list(self, action: str, workers: Sequence[str]) -> Sequence[str]:
        """Add to the list, or delete from it; who is on it afterwards."""
        with translate_errors(f"list workers in table {self.table}"):
            answer = self.client.update_item(
                TableName=self.table,
                Key={"file_id": {"S": LIST_KEY}},
                UpdateExpression=f"{action} #members :workers",
                ExpressionAttributeNames={"#members": _MEMBERS},
                ExpressionAttributeValues={":workers": {"SS": [*workers]}},
                ReturnValues="ALL_NEW",
            )
        return list(answer.get("Attributes", {}).get(_MEMBERS, {}).get("SS", []))


def _key(worker: str) -> dict[str, Any]:
    return {"file_id": {"S": f"{PREFIX}{worker}"}}


def _to_wire(value: str | float) -> Any:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _from_wire(item: Mapping[str, Any]) -> WorkerRow:
    # Numbers come as text; a row of another version may have more attributes or fewer.
    values: dict[str, Any] = {"worker": str(item["file_id"]).removeprefix(PREFIX)}
    for each in fields(WorkerRow):
        if each.name in item:
            values[each.name] = _read(item[each.name], kind=type(each.default))
    return WorkerRow(**values)


def _read(text: str, *, kind: type) -> str | float:
    if kind is str:
        return text
    return float(text) if kind is float else int(text)

"""RowWriter: one conditional write of a ledger row, which returns the row after the call.

The caller learns from that row who holds it when refused, and recognises its own write when it repeats a
call after a lost response.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from worker.aws import ledger_row
from worker.aws.ledger_row import FileRow, Item, Value
from worker.aws.translation import translate_errors
from worker.runtime import tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True, slots=True)
class RowWriter:
    """Writes rows of one table, each with the time of the write (`updated_at`, for people)."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def write(
        self,
        file_id: str,
        *,
        what: str,
        condition: str,
        expected: Mapping[str, Value],
        values: Mapping[str, Value | None],
        count: str | None = None,
    ) -> FileRow | None:
        """Write if the condition holds; returns the row after the call, whether or not it was written.

        Empty values are removed, `count` names a number to raise by one. None: there is no row.
        """
        updated_at = self.now().isoformat(timespec="milliseconds")
        change, used = _update_expression({**values, "updated_at": updated_at}, count)
        used |= expected
        with translate_errors(f"{what} {file_id} in table {self.table}"):
            try:
                response = self.client.update_item(
                    TableName=self.table,
                    Key={"file_id": {"S": file_id}},
                    UpdateExpression=change,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={
                        f"#{name}": name for name in re.findall(r"#(\w+)", f"{change} {condition}")
                    },
                    ExpressionAttributeValues={
                        name: ledger_row.to_wire(value) for name, value in used.items()
                    },
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as error:
                # DynamoDB returns the item with a refusal since 2023; some compatible servers do not.
                item = cast("Item | None", error.response.get("Item")) or self._read(file_id)
            else:
                item = response["Attributes"]
                tally.set_stored("ledger", ledger_row.size_bytes(item))
        return ledger_row.from_wire(item) if item else None

    def _read(self, file_id: str) -> Item | None:
        # This read comes after the refusal, which is safe: a fence never goes back to an earlier attempt.
        response = self.client.get_item(
            TableName=self.table, Key={"file_id": {"S": file_id}}, ConsistentRead=True
        )
        return cast("Item | None", response.get("Item"))


def _update_expression(values: Mapping[str, Value | None], count: str | None) -> tuple[str, dict[str, Value]]:
    # An absent attribute means None, 0, False or "", which keeps rows small.
    set_values = {name: value for name, value in values.items() if value}
    change = "SET " + ", ".join(f"#{name} = :{name}" for name in set_values)
    used: dict[str, Value] = {f":{name}": value for name, value in set_values.items()}
    if count:
        change += f", #{count} = if_not_exists(#{count}, :zero) + :one"
        used |= {":zero": 0, ":one": 1}
    if empty := [f"#{name}" for name, value in values.items() if not value]:
        change += " REMOVE " + ", ".join(empty)
    return change, used

"""ScalingRow: what the scaling of a group remembers between two runs, one row in the ledger's table.

A revision is written only over the one that was read, so that of two runs at the same time one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from worker.aws.translation import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "scaling#"
"""What the key of a group's row begins with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A row as it was read: its number (0: there is none), and what it says."""

    number: int = 0
    content: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingRow:
    """The row of one group. Every method raises the errors of FileTable's methods."""

    client: DynamoDBClient
    table: str
    group: str

    def read(self) -> Revision:
        """The row as it is now (a consistent read)."""
        with translate_errors(f"read the scaling of {self.group} in table {self.table}"):
            answer = self.client.get_item(TableName=self.table, Key=self._key, ConsistentRead=True)
        item = answer.get("Item")
        if not item:
            return Revision()
        return Revision(
            number=int(item.get("revision", {}).get("N", 0)),
            content=str(item.get("content", {}).get("S", "")),
        )

    def write(self, content: str, *, seen: Revision, note: str = "") -> Revision | None:
        """Replace what was seen; None when another run wrote meanwhile. `note` is for people."""
        writer = uuid4().hex
        new = Revision(number=seen.number + 1, content=content)
        values: dict[str, Any] = {
            ":new": {"N": str(new.number)},
            ":content": {"S": content},
            ":writer": {"S": writer},
            ":note": {"S": note or "-"},
        }
        if seen.number:
            values[":seen"] = {"N": str(seen.number)}
        with translate_errors(f"record the scaling of {self.group} in table {self.table}"):
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key=self._key,
                    UpdateExpression="SET #revision = :new, #content = :content, #writer = :writer, "
                    "#note = :note",
                    ConditionExpression="#revision = :seen"
                    if seen.number
                    else "attribute_not_exists(#revision)",
                    ExpressionAttributeNames={
                        f"#{name}": name for name in ("revision", "content", "writer", "note")
                    },
                    ExpressionAttributeValues=values,
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                # A repetition after a lost answer is refused by its own first try.
                return new if self._writer() == writer else None
        return new

    @property
    def _key(self) -> Mapping[str, Any]:
        return {"file_id": {"S": f"{PREFIX}{self.group}"}}

    def _writer(self) -> str:
        answer = self.client.get_item(TableName=self.table, Key=self._key, ConsistentRead=True)
        return str(answer.get("Item", {}).get("writer", {}).get("S", ""))

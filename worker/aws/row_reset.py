"""RowReset: the counts of a ledger row start over, as an operator's redrive wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.aws.ledger_row import COUNTS, FileRow, Value
from worker.aws.row_writer import RowWriter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_THE_HOLDER = ("owner", "boot_id", "is_isolated", "is_suspect")


@dataclass(frozen=True, kw_only=True, slots=True)
class RowReset:
    """Resets rows of one table. Raises the errors of FileTable's methods."""

    client: DynamoDBClient
    table: str

    def reset(self, row: FileRow, *, is_free: bool) -> bool:
        """Remove the counts of a row, if it is still as it was `row`; False when it was claimed meanwhile.

        `is_free` says that nobody works on the file: then an attempt that holds it holds it no more. State,
        reason and checkpoint stay. Repeating it after a lost answer changes nothing.
        """
        values: dict[str, Value | None] = dict.fromkeys(COUNTS)
        if is_free:
            values |= dict.fromkeys(_OF_THE_HOLDER)
        now = RowWriter(client=self.client, table=self.table).write(
            row.file_id,
            what="reset the counts of",
            condition="#fence = :seen AND #state = :was",
            expected={":seen": row.fence, ":was": row.state.value},
            values=values,
        )
        return now is not None and (now.fence, now.state) == (row.fence, row.state)

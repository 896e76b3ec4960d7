"""One conditional write, and the row that comes back with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.aws.ledger_row import FileRow
from worker.aws.row_writer import RowWriter
from worker.models.ledger import State

pytestmark = pytest.mark.unit

ROW = {"file_id": {"S": "f"}, "fence": {"N": "4"}, "state": {"S": "indexed"}}


@pytest.fixture
def write(connect: Callable[[str], Any]) -> Callable[..., FileRow | None]:
    writer = RowWriter(
        client=connect("dynamodb"), table="files", now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )

    def one(**values: Any) -> FileRow | None:
        return writer.write(
            "f", what="try", condition="#fence = :seen", expected={":seen": 4}, values=values, count="beat"
        )

    return one


def test_what_is_empty_is_removed_and_what_is_counted_is_raised(
    write: Callable[..., FileRow | None], wire: Any
) -> None:
    wire.answer({"Attributes": ROW})
    assert write(reason="r", owner=None, pages=0) == FileRow(file_id="f", fence=4, state=State.INDEXED)
    sent = wire.sent()
    change, _, removed = sent["UpdateExpression"].partition(" REMOVE ")
    assert removed == "#owner, #pages"
    assert "#reason = :reason" in change
    assert "#beat = if_not_exists(#beat, :zero) + :one" in change
    assert sent["ExpressionAttributeValues"][":updated_at"] == {"S": "2026-01-01T00:00:00.000+00:00"}


def refuse(wire: Any, item: object = None) -> None:
    code = "ConditionalCheckFailedException"
    body = {"__type": code, "message": "failed", **({"Item": item} if item else {})}
    wire.answer(body, status=400, headers={"x-amzn-errortype": code})


def test_a_refused_writer_sees_the_row(write: Callable[..., FileRow | None], wire: Any) -> None:
    refuse(wire, ROW)
    assert write(reason="r") == FileRow(file_id="f", fence=4, state=State.INDEXED)
    assert wire.sent()["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


@pytest.mark.parametrize(
    ("answer", "row"), [({"Item": ROW}, FileRow(file_id="f", fence=4, state=State.INDEXED)), ({}, None)]
)
def test_a_row_that_did_not_come_with_the_refusal_is_read(
    write: Callable[..., FileRow | None], wire: Any, answer: object, row: FileRow | None
) -> None:
    refuse(wire)
    wire.answer(answer)
    assert write(reason="r") == row
    assert wire.sent() == {"TableName": "files", "Key": {"file_id": {"S": "f"}}, "ConsistentRead": True}

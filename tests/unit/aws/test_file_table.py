"""FileTable's requests as DynamoDB sees them, and outages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import FileRow
from worker.errors import LeaseLostError, MisconfiguredError, ThrottledError, UnavailableError
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Claim, State

pytestmark = pytest.mark.unit

MESSAGE = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="nas", key="k")
HELD = Claim(file_id="f", fence=4, attempt="mine", message_id="m")
ROW = {
    "file_id": {"S": "f"},
    "fence": {"N": "4"},
    "attempt": {"S": "mine"},
    "state": {"S": "processing"},
}


@pytest.fixture
def table(connect: Callable[[str], Any]) -> FileTable:
    return FileTable(
        connect("dynamodb"),
        table="files",
        owner="w",
        pipeline_version="1",
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )


def refuse(wire: Any, row: dict[str, Any] | None) -> None:
    code = "ConditionalCheckFailedException"
    body = {"__type": code, "message": "failed", **({"Item": row} if row else {})}
    wire.answer(body, status=400, headers={"x-amzn-errortype": code})
    if row is None:
        wire.answer({})  # to the read that asks for the row


def test_a_claim_sets_its_fence_and_never_adds(table: FileTable, wire: Any) -> None:
    wire.answer({"Attributes": {**ROW, "fence": {"N": "8"}, "attempt": {"S": "a"}}})
    seen = FileRow(file_id=MESSAGE.file_id, fence=7, state=State.PROCESSING, version="v")
    table.claim(MESSAGE, message_id="m", version="v", seen=seen, attempt="a")
    sent = wire.sent()
    assert sent["ConditionExpression"] == "#fence = :seen"
    assert sent["ExpressionAttributeValues"][":seen"] == {"N": "7"}
    assert sent["ExpressionAttributeValues"][":fence"] == {"N": "8"}
    assert "#fence = :fence" in sent["UpdateExpression"]
    assert "ADD" not in sent["UpdateExpression"]


def test_a_first_claim_requires_that_there_is_no_row(table: FileTable, wire: Any) -> None:
    wire.answer({"Attributes": {**ROW, "fence": {"N": "1"}, "attempt": {"S": "a"}}})
    table.claim(MESSAGE, message_id="m", version="v", seen=None, attempt="a")
    assert wire.sent()["ConditionExpression"] == "attribute_not_exists(#fence)"


def test_a_refused_claim_recognises_its_own_attempt(table: FileTable, wire: Any) -> None:
    refuse(wire, {**ROW, "attempt": {"S": "a"}})
    assert table.claim(MESSAGE, message_id="m", version="v", seen=None, attempt="a").attempt == "a"


@pytest.mark.parametrize("other", [{**ROW, "attempt": {"S": "b"}}, None])
def test_a_claim_refused_for_another_attempt_is_a_lost_lease(table: FileTable, wire: Any, other: Any) -> None:
    refuse(wire, other)
    with pytest.raises(LeaseLostError):
        table.claim(MESSAGE, message_id="m", version="v", seen=None, attempt="a")


@pytest.mark.parametrize("other", [{**ROW, "attempt": {"S": "b"}}, {**ROW, "fence": {"N": "5"}}, None])
def test_a_write_on_anothers_fence_or_attempt_is_refused(table: FileTable, wire: Any, other: Any) -> None:
    refuse(wire, other)
    with pytest.raises(LeaseLostError, match="mine"):
        table.commit(HELD, Commit(state=State.INDEXED))


def test_every_write_is_conditional_on_fence_and_attempt(table: FileTable, wire: Any) -> None:
    writes: list[Callable[[], object]] = [
        lambda: table.beat(HELD),
        lambda: table.commit(HELD, Commit(state=State.INDEXED)),
        lambda: table.release(HELD, interrupted=True),
        lambda: table.record_failure(HELD, code="c", message="m"),
    ]
    for write in writes:
        wire.answer({"Attributes": ROW})
        write()
        sent = wire.sent()
        assert sent["ConditionExpression"].startswith("#fence = :my_fence AND #attempt = :my_attempt")
        assert sent["ExpressionAttributeValues"][":my_fence"] == {"N": "4"}
        assert sent["ExpressionAttributeValues"][":my_attempt"] == {"S": "mine"}


def test_a_very_long_path_is_truncated(table: FileTable, wire: Any) -> None:
    wire.answer({"Attributes": {**ROW, "attempt": {"S": "a"}}})
    message = FileMessage(
        event_type=EventType.FILE_UPLOADED, bucket="nas", key="k", original_path="p" * 9_000
    )
    table.claim(message, message_id="m", version="v", seen=None, attempt="a")
    assert wire.sent()["ExpressionAttributeValues"][":file_path"] == {"S": "p" * 2_000}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ProvisionedThroughputExceededException", ThrottledError),
        ("InternalServerError", UnavailableError),
        ("ResourceNotFoundException", MisconfiguredError),
        ("AccessDeniedException", MisconfiguredError),
    ],
)
def test_an_error_code_becomes_the_error_that_says_what_to_do_next(
    table: FileTable, wire: Any, code: str, expected: type[Exception]
) -> None:
    wire.error(code, status=500 if code == "InternalServerError" else 400)
    with pytest.raises(expected, match="files"):
        table.beat(HELD)


def test_a_beat_without_a_response_is_an_outage_and_not_a_lost_lease(table: FileTable, wire: Any) -> None:
    wire.breaks(ReadTimeoutError(endpoint_url="http://x"))
    with pytest.raises(UnavailableError):
        table.beat(HELD)


def test_the_row_is_read_consistently(table: FileTable, wire: Any) -> None:
    wire.answer({"Item": ROW})
    assert table.read("f") == FileRow(file_id="f", fence=4, state=State.PROCESSING, attempt="mine")
    assert wire.sent()["ConsistentRead"] is True

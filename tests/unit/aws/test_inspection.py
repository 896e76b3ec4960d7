"""Queues, sources and the time over a scripted wire; the tests in operation/ use real servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from worker.aws.inspection import may_read_tags, probe_source, read_queue, read_table, server_time
from worker.errors import Code, DeadLetterError, MisconfiguredError, UnavailableError

pytestmark = pytest.mark.unit

URL = "https://sqs.us-east-1.amazonaws.com/1/q"
ATTRIBUTES = {
    "QueueArn": "arn:q",
    "ApproximateNumberOfMessages": "1",
    "ApproximateNumberOfMessagesNotVisible": "2",
    "ApproximateNumberOfMessagesDelayed": "3",
    "VisibilityTimeout": "120",
    "MessageRetentionPeriod": "345600",
}
LISTED = b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"


def _refusal(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>the reason</Message></Error>".encode()


def test_a_queue_without_redrive_has_none(connect: Callable[[str], Any], wire: Any) -> None:
    wire.answer({"Attributes": ATTRIBUTES})
    facts = read_queue(connect("sqs"), URL)
    assert (facts.redrive_arn, facts.max_receive_count, facts.fifo) == (None, None, False)
    assert (facts.depth.visible, facts.depth.in_flight, facts.depth.delayed) == (1, 2, 3)
    assert (facts.visibility_s, facts.retention_s) == (120, 345_600)


@pytest.mark.parametrize("count", ['"7"', "7"])
def test_a_redrive_policy_is_read_whether_its_number_is_quoted_or_not(
    connect: Callable[[str], Any], wire: Any, count: str
) -> None:
    policy = f'{{"deadLetterTargetArn": "arn:dlq", "maxReceiveCount": {count}}}'
    wire.answer({"Attributes": {**ATTRIBUTES, "RedrivePolicy": policy, "FifoQueue": "true"}})
    facts = read_queue(connect("sqs"), URL)
    assert (facts.redrive_arn, facts.max_receive_count, facts.fifo) == ("arn:dlq", 7, True)


def test_a_queue_or_table_that_is_missing_is_a_misconfiguration(
    connect: Callable[[str], Any], wire: Any
) -> None:
    wire.error("QueueDoesNotExist")
    with pytest.raises(MisconfiguredError, match=URL):
        read_queue(connect("sqs"), URL)
    wire.error("ResourceNotFoundException")
    with pytest.raises(MisconfiguredError, match="files"):
        read_table(connect("dynamodb"), "files")


def test_a_source_whose_first_object_is_archived_counts_as_readable(
    connect: Callable[[str], Any], wire: Any
) -> None:
    wire.answer(LISTED)
    wire.answer(_refusal("InvalidObjectState"), status=403)
    assert probe_source(connect("s3"), "source") == "a"


def test_a_source_whose_objects_may_not_be_read_is_forbidden(
    connect: Callable[[str], Any], wire: Any
) -> None:
    wire.answer(LISTED)
    wire.answer(_refusal("AccessDenied"), status=403)
    with pytest.raises(DeadLetterError) as raised:
        probe_source(connect("s3"), "source")
    assert raised.value.code is Code.SOURCE_FORBIDDEN


@pytest.mark.parametrize("status", [200, 403])
def test_a_refused_request_has_the_time_as_well(
    connect: Callable[[str], Any], wire: Any, status: int
) -> None:
    content = _refusal("RequestTimeTooSkewed") if status == 403 else b"<ListAllMyBucketsResult/>"
    wire.answer(content, status=status, headers={"date": "Sat, 21 Nov 2026 12:00:00 GMT"})
    assert server_time(connect("s3")) == datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("headers", [{}, {"date": "noon"}])
def test_a_response_without_a_date_has_no_time(
    connect: Callable[[str], Any], wire: Any, headers: dict[str, str]
) -> None:
    wire.answer(b"<ListAllMyBucketsResult/>", headers=headers)
    assert server_time(connect("s3")) is None


def test_no_response_is_an_outage(connect: Callable[[str], Any], wire: Any) -> None:
    wire.breaks(EndpointConnectionError(endpoint_url="http://x"))
    with pytest.raises(UnavailableError):
        server_time(connect("s3"))


def test_a_tables_indexes_are_reported_with_their_status(connect: Callable[[str], Any], wire: Any) -> None:
    described = {
        "TableStatus": "UPDATING",
        "AttributeDefinitions": [{"AttributeName": "file_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "file_id", "KeyType": "HASH"}],
    }
    wire.answer({"Table": described})
    assert read_table(connect("dynamodb"), "files").indexes == {}
    building = {"IndexName": "pending", "IndexStatus": "CREATING"}
    wire.answer({"Table": {**described, "GlobalSecondaryIndexes": [building]}})
    assert read_table(connect("dynamodb"), "files").indexes == {"pending": "CREATING"}


def test_tags_may_be_read_unless_that_is_refused(connect: Callable[[str], Any], wire: Any) -> None:
    wire.answer(b"<Tagging><TagSet></TagSet></Tagging>")
    assert may_read_tags(connect("s3"), "b", "a")
    wire.answer(_refusal("AccessDenied"), status=403)
    assert not may_read_tags(connect("s3"), "b", "a")
    wire.answer(_refusal("NoSuchKey"), status=404)
    assert may_read_tags(connect("s3"), "b", "a")

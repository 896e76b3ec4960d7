"""Parsing of a message and of its attribute `cis`, which may hold anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.messages.received_message import ReceivedMessage, from_wire

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

pytestmark = pytest.mark.unit


def received(cis: str | None, date: str | None = None) -> ReceivedMessage:
    message: MessageTypeDef = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "b",
        "Attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000123"},
    }
    if cis is not None:
        message["MessageAttributes"] = {"cis": {"DataType": "String", "StringValue": cis}}
    headers = {"date": date} if date else None
    return from_wire(message, received_at=50.0, visibility_s=120, headers=headers)


def test_a_message_is_read_with_its_lease() -> None:
    message = received('{"interruptions": 2, "first_seen": 5}')
    assert (message.message_id, message.receipt_handle, message.body) == ("m", "r", "b")
    assert (message.receive_count, message.sent_at_ms) == (3, 1_700_000_000_123)
    assert (message.received_at, message.lease_until) == (50.0, 170.0)
    assert (message.interruptions, message.first_seen_ms) == (2, 5)


@pytest.mark.parametrize("cis", [None, "", "not json", "[1]", "null", "[" * 100_000])
def test_an_unreadable_attribute_counts_as_absent(cis: str | None) -> None:
    message = received(cis)
    assert message.cis == {}
    assert (message.interruptions, message.first_seen_ms) == (0, 1_700_000_000_123)


def test_wrong_kinds_inside_count_as_absent() -> None:
    message = received('{"interruptions": "many", "first_seen": null}')
    assert (message.interruptions, message.first_seen_ms) == (0, 1_700_000_000_123)


def test_a_message_may_ask_for_a_result_to_be_produced_again() -> None:
    assert received('{"again": 7}').again == 7
    assert received('{"again": "7"}').again is None
    assert received(None).again is None


@pytest.mark.parametrize(
    ("cis", "date", "age_s"),
    [
        (None, "Tue, 14 Nov 2023 22:13:30 GMT", 9.877),
        ('{"first_seen": 1699999999123}', "Tue, 14 Nov 2023 22:13:30 GMT", 10.877),
        # Without a date in the answer only the copies say how old a message is.
        ('{"first_seen": 1699999999123}', None, 1.0),
        ('{"first_seen": 1699999999123}', "yesterday", 1.0),
        # What a sender claims is not later than this copy.
        ('{"first_seen": 0}', "Tue, 14 Nov 2023 22:13:30 GMT", 9.877),
        ('{"first_seen": 99999999999999}', "Tue, 14 Nov 2023 22:13:30 GMT", 9.877),
    ],
)
def test_the_age_of_a_message_is_by_the_clock_of_the_queue(
    cis: str | None, date: str | None, age_s: float
) -> None:
    assert received(cis, date).age_s == age_s

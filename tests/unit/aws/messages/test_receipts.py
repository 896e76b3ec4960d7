"""Messages of others become values, whatever their form."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from worker.aws.messages.receipts import from_receipt

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "message",
    [
        "r",
        {"ReceiptHandle": "r"},
        {"receipt_handle": "r"},
        {"ReceiptHandle": "r", "Body": "{}"},
        SimpleNamespace(receipt_handle="r"),
    ],
)
def test_a_receipt_alone_is_enough(message: object) -> None:
    found = from_receipt(message)
    assert found is not None
    assert (found.receipt_handle, found.body) == ("r", "")
    assert from_receipt(found) is found
    assert from_receipt(SimpleNamespace(message=found)) is found


def test_a_whole_message_keeps_what_it_says() -> None:
    found = from_receipt(
        {
            "MessageId": "m",
            "ReceiptHandle": "r",
            "Body": "{}",
            "Attributes": {"ApproximateReceiveCount": "4"},
            "MessageAttributes": {"cis": {"StringValue": '{"interruptions": 2}'}},
        }
    )
    assert found is not None
    assert (found.message_id, found.body, found.receive_count, found.interruptions) == ("m", "{}", 4, 2)


@pytest.mark.parametrize("message", [{}, {"ReceiptHandle": ""}, "", None, object()])
def test_without_a_receipt_there_is_no_message(message: object) -> None:
    assert from_receipt(message) is None

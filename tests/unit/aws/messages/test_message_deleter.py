"""One call of a delete, and what is left of it; it is for its caller to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from worker.aws.messages.message_deleter import MessageDeleter, Undeleted
from worker.aws.messages.receipts import from_receipt
from worker.aws.messages.received_message import ReceivedMessage
from worker.errors import UnavailableError

pytestmark = pytest.mark.unit

URL = "https://sqs.us-east-1.amazonaws.com/1/q"


@pytest.fixture
def deleter(connect: Callable[[str], Any]) -> MessageDeleter:
    return MessageDeleter(client=connect("sqs"), queue_url=URL)


def _messages(count: int) -> list[ReceivedMessage]:
    made = [from_receipt(f"r{number}") for number in range(count)]
    return [message for message in made if message is not None]


def test_a_call_says_which_entries_were_refused_and_which_failed(deleter: MessageDeleter, wire: Any) -> None:
    three = _messages(3)
    refused = {"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}
    failed = {"Id": "2", "Code": "InternalError", "SenderFault": False}
    wire.answer({"Successful": [{"Id": "1"}], "Failed": [refused, failed]})
    assert deleter.delete_once(three) == Undeleted(refused=(three[0],), failed=(three[2],))
    assert len(wire.requests) == 1


def test_a_call_that_deletes_all_leaves_nothing(deleter: MessageDeleter, wire: Any) -> None:
    wire.answer({"Successful": [{"Id": "0"}]})
    assert deleter.delete_once(_messages(1)) == Undeleted()


def test_an_outage_is_raised_to_the_caller(deleter: MessageDeleter, wire: Any) -> None:
    wire.breaks(EndpointConnectionError(endpoint_url=URL))
    with pytest.raises(UnavailableError):
        deleter.delete_once(_messages(2))

"""EventPublisher: what goes over the wire to each of the three services, and how failures are understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.aws.conftest import Wire
from worker.aws.messages.document_event import DocumentEvent
from worker.aws.messages.event_publisher import EventPublisher, split
from worker.aws.messages.event_target import EventTarget
from worker.errors import MisconfiguredError, ThrottledError, UnavailableError

pytestmark = pytest.mark.unit

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/documents"
TOPIC = "arn:aws:sns:us-east-1:123456789012:documents"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/documents"
Make = Callable[[str], EventPublisher]


def event(number: int = 1, *, size: int = 20) -> DocumentEvent:
    file_id = f"{number:064x}"
    return DocumentEvent(
        event_id=f"{file_id}-1-indexed",
        event_type="document.indexed",
        file_id=file_id,
        correlation=f"c{number}",
        text='{"n": 1}'.ljust(size),
    )


@pytest.fixture
def make(connect: Callable[[str], Any]) -> Make:
    def publisher(target: str) -> EventPublisher:
        parsed = EventTarget.parse(target)
        return EventPublisher(client=connect(parsed.kind.value), target=parsed)

    return publisher


def test_a_bus_gets_entries_that_rules_can_match(make: Make, wire: Wire) -> None:
    wire.answer({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}, {"EventId": "2"}]})
    assert make(BUS).publish([event(1), event(2)]) == {}
    assert wire.sent()["Entries"][1] == {
        "EventBusName": BUS,
        "Source": "cis-worker",
        "DetailType": "document.indexed",
        "Detail": event(2).text,
    }


def test_a_failure_of_one_entry_in_a_200_is_no_success(make: Make, wire: Wire) -> None:
    failed = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
    wire.answer({"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, failed, {"EventId": "3"}]})
    refused = make(BUS).publish([event(1), event(2), event(3)])
    assert refused == {event(2).event_id: "ThrottlingException: Rate exceeded"}


def test_a_topic_gets_messages_that_filters_can_match(make: Make, wire: Wire) -> None:
    wire.answer(b"<PublishBatchResponse><PublishBatchResult/></PublishBatchResponse>")
    assert make(TOPIC).publish([event()]) == {}
    body = str(wire.requests[-1].body)
    assert "Action=PublishBatch" in body
    assert "document.indexed" in body
    assert "MessageGroupId" not in body


def test_a_topic_names_the_messages_that_failed(make: Make, wire: Wire) -> None:
    wire.answer(
        b"<PublishBatchResponse><PublishBatchResult><Failed><member><Id>1</Id><Code>InternalFailure</Code>"
        b"<SenderFault>false</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>"
    )
    assert make(TOPIC).publish([event(1), event(2)]) == {event(2).event_id: "InternalFailure"}


def test_a_queue_gets_messages_with_their_kind_and_correlation(make: Make, wire: Wire) -> None:
    wire.answer({"Successful": [], "Failed": []})
    assert make(QUEUE).publish([event()]) == {}
    (entry,) = wire.sent()["Entries"]
    assert wire.sent()["QueueUrl"] == QUEUE
    assert entry["MessageBody"] == event().text
    attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
    assert attributes == {"type": "document.indexed", "schema_version": "1.0", "X-Request-ID": "c1"}


def test_an_ordered_queue_keeps_the_order_of_one_file_and_drops_copies(make: Make, wire: Wire) -> None:
    wire.answer({"Successful": [], "Failed": []})
    make(f"{QUEUE}.fifo").publish([event()])
    (entry,) = wire.sent()["Entries"]
    assert entry["MessageGroupId"] == event().file_id
    assert entry["MessageDeduplicationId"] == event().event_id
    assert len(event().event_id) <= 128


def test_a_queue_named_by_its_arn_is_looked_up_once(make: Make, wire: Wire) -> None:
    publisher = make("arn:aws:sqs:us-east-1:123456789012:documents")
    wire.answer({"QueueUrl": QUEUE})
    for _ in range(2):
        wire.answer({"Successful": [], "Failed": []})
        publisher.publish([event()])
    assert wire.sent(0) == {"QueueName": "documents", "QueueOwnerAWSAccountId": "123456789012"}
    assert [wire.sent(number)["QueueUrl"] for number in (1, 2)] == [QUEUE, QUEUE]


def test_calls_hold_ten_events_and_256_kilobytes(make: Make, wire: Wire) -> None:
    events = [event(number) for number in range(23)]
    assert [len(batch) for batch in split(events)] == [10, 10, 3]
    large = [event(number, size=50_000) for number in range(12)]
    batches = [*split(large)]
    assert [each for batch in batches for each in batch] == large
    assert all(sum(len(each.text) for each in batch) < 256 * 1024 for batch in batches)
    assert len(batches) == 3
    assert [*split([])] == []


@pytest.mark.parametrize("target", [BUS, QUEUE])
def test_a_target_that_is_forbidden_says_what_to_do(make: Make, wire: Wire, target: str) -> None:
    wire.error("AccessDeniedException", status=400)
    with pytest.raises(MisconfiguredError, match=r"CIS_EVENTS_TARGET.*(PutEvents|SendMessage)"):
        make(target).publish([event()])


def test_a_target_that_is_unavailable_differs_from_one_that_throttles(make: Make, wire: Wire) -> None:
    wire.breaks(EndpointConnectionError(endpoint_url="http://x"))
    wire.error("ThrottlingException")
    with pytest.raises(UnavailableError):
        make(BUS).publish([event()])
    with pytest.raises(ThrottledError):
        make(BUS).publish([event()])


def test_the_reasons_are_of_the_right_events_after_a_split(make: Make, wire: Wire) -> None:
    wire.answer({"FailedEntryCount": 0, "Entries": [{}] * 10})
    wire.answer({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]})
    assert list(make(BUS).publish([event(n) for n in range(11)])) == [replace(event(10)).event_id]

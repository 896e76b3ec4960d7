"""QueueManager where the server cannot be made to fail on command: partial failures and outages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from worker.aws.messages.received_message import ReceivedMessage
from worker.aws.queue_manager import QueueManager
from worker.errors import MisconfiguredError, ThrottledError, UnavailableError

pytestmark = pytest.mark.unit

URL = "https://sqs.us-east-1.amazonaws.com/1/q"
OURS = {"Code": "InternalError", "SenderFault": False, "Message": "again"}
THEIRS = {"Code": "ReceiptHandleIsInvalid", "SenderFault": True}


@pytest.fixture
def queue(connect: Callable[[str], Any]) -> QueueManager:
    return QueueManager(connect("sqs"), queue_url=URL, dlq_url=URL + "-dlq")


def messages(count: int) -> list[ReceivedMessage]:
    return [
        ReceivedMessage(
            message_id=f"m{n}",
            receipt_handle=f"r{n}",
            body="b",
            receive_count=1,
            received_at=0.0,
            visibility_s=120,
            sent_at_ms=1,
            cis={},
        )
        for n in range(count)
    ]


def batch(ok: Sequence[int], failed: dict[int, dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "Successful": [{"Id": str(n)} for n in ok],
        "Failed": [{"Id": str(n), **entry} for n, entry in (failed or {}).items()],
    }


def handles(sent: Any) -> list[str]:
    return [entry["ReceiptHandle"] for entry in sent["Entries"]]


def test_an_entry_that_failed_on_sqs_side_is_deleted_at_the_second_try(
    queue: QueueManager, wire: Any
) -> None:
    wire.answer(batch([0, 1], {2: OURS}))
    wire.answer(batch([2]))
    assert queue.delete(messages(3)) == []
    assert handles(wire.sent(0)) == ["r0", "r1", "r2"]
    assert handles(wire.sent(1)) == ["r2"]


def test_an_entry_that_keeps_failing_is_returned(queue: QueueManager, wire: Any) -> None:
    batch_of_three = messages(3)
    for _ in range(3):
        wire.answer(batch([0, 2], {1: OURS}))
    assert queue.delete(batch_of_three) == [batch_of_three[1]]
    assert len(wire.requests) == 3


def test_a_refused_entry_is_not_retried(queue: QueueManager, wire: Any) -> None:
    batch_of_two = messages(2)
    wire.answer(batch([1], {0: THEIRS}))
    assert queue.delete(batch_of_two) == [batch_of_two[0]]
    assert len(wire.requests) == 1


def test_refused_and_failing_entries_are_both_returned(queue: QueueManager, wire: Any) -> None:
    batch_of_three = messages(3)
    wire.answer(batch([2], {0: THEIRS, 1: OURS}))
    wire.answer(batch([], {1: OURS}))
    wire.answer(batch([], {1: OURS}))
    assert queue.delete(batch_of_three) == batch_of_three[:2]


def test_an_outage_ends_one_batch_of_deletes_and_not_the_next(queue: QueueManager, wire: Any) -> None:
    twelve = messages(12)
    wire.breaks(EndpointConnectionError(endpoint_url=URL))
    wire.answer(batch([0, 1]))
    assert queue.delete(twelve) == twelve[:10]


def test_a_delete_that_is_forbidden_stops_the_worker(queue: QueueManager, wire: Any) -> None:
    wire.error("AccessDeniedException")
    with pytest.raises(MisconfiguredError, match="role"):
        queue.delete(messages(1))


def test_two_receipts_of_one_message_are_two_entries(queue: QueueManager, wire: Any) -> None:
    first = messages(1)[0]
    second = replace(first, receipt_handle="r1")
    wire.answer(batch([0], {1: THEIRS}))
    assert queue.delete([first, second]) == [second]
    assert [entry["Id"] for entry in wire.sent()["Entries"]] == ["0", "1"]


def test_deleting_nothing_makes_no_call(queue: QueueManager, wire: Any) -> None:
    assert queue.delete([]) == []
    assert wire.requests == []


@pytest.mark.parametrize("outage", [ReadTimeoutError(endpoint_url=URL), None])
def test_a_beat_that_failed_on_the_wire_is_neither_landed_nor_lost(
    queue: QueueManager, wire: Any, outage: Exception | None
) -> None:
    if outage:
        wire.breaks(outage)
    else:
        wire.error("InternalFailure", status=500)
    wire.answer(batch([0], {1: THEIRS}))
    extension = queue.extend(messages(12), visibility_s=120)
    assert extension.landed == {"m10"}
    assert extension.lost == {"m11"}


def test_an_extension_that_failed_on_sqs_side_is_not_lost(queue: QueueManager, wire: Any) -> None:
    wire.answer(batch([1], {0: OURS}))
    extension = queue.extend(messages(2), visibility_s=120)
    assert extension.landed == {"m1"}
    assert extension.lost == set()


@pytest.mark.parametrize(("asked", "sent"), [(-5, 0), (0, 0), (30, 30), (100_000, 43_200)])
def test_a_retry_delay_stays_within_sqs_limits(queue: QueueManager, wire: Any, asked: int, sent: int) -> None:
    wire.answer({})
    queue.hide(messages(1)[0], delay_s=asked)
    assert wire.sent()["VisibilityTimeout"] == sent


@pytest.mark.parametrize("code", ["ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"])
def test_hiding_a_message_whose_lease_is_lost_does_nothing(queue: QueueManager, wire: Any, code: str) -> None:
    wire.error(code)
    queue.hide(messages(1)[0], delay_s=30)
    assert len(wire.requests) == 1


def test_an_outage_while_hiding_is_raised(queue: QueueManager, wire: Any) -> None:
    wire.breaks(ReadTimeoutError(endpoint_url=URL))
    with pytest.raises(UnavailableError, match="m0"):
        queue.hide(messages(1)[0], delay_s=30)


def test_throttling_while_hiding_is_raised(queue: QueueManager, wire: Any) -> None:
    wire.error("RequestThrottled")
    with pytest.raises(ThrottledError):
        queue.hide(messages(1)[0], delay_s=30)


def test_a_message_without_cis_is_sent_without_attributes(queue: QueueManager, wire: Any) -> None:
    wire.answer({"MessageId": "m"})
    assert queue.send("body") == "m"
    assert wire.sent()["MessageAttributes"] == {}


@pytest.mark.parametrize(("asked", "sent"), [(-1, 0), (5, 5), (3_600, 900)])
def test_a_delay_stays_within_sqs_limits(queue: QueueManager, wire: Any, asked: int, sent: int) -> None:
    wire.answer({"MessageId": "m"})
    queue.send("body", delay_s=asked)
    assert wire.sent()["DelaySeconds"] == sent


@pytest.mark.parametrize(("asked", "sent"), [(-1, 0), (7, 7), (60, 20)])
def test_a_poll_waits_no_longer_than_sqs_does(queue: QueueManager, wire: Any, asked: int, sent: int) -> None:
    wire.answer({})
    assert queue.receive(limit=1, wait_s=asked) == []
    assert wire.sent()["WaitTimeSeconds"] == sent
    assert wire.sent()["VisibilityTimeout"] == 120


def test_a_copy_that_was_not_sent_leaves_the_original_alone(queue: QueueManager, wire: Any) -> None:
    wire.breaks(ReadTimeoutError(endpoint_url=URL))
    with pytest.raises(UnavailableError):
        queue.requeue(messages(1)[0], delay_s=3)
    assert len(wire.requests) == 1


def test_a_copy_is_sent_before_the_original_is_deleted(queue: QueueManager, wire: Any) -> None:
    wire.answer({"MessageId": "copy"})
    wire.answer(batch([0]))
    queue.requeue(messages(1)[0], delay_s=3)
    assert [request.headers["X-Amz-Target"] for request in wire.requests] == [
        b"AmazonSQS.SendMessage",
        b"AmazonSQS.DeleteMessageBatch",
    ]
    assert wire.sent(0)["DelaySeconds"] == 3

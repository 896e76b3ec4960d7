"""QueueManager against three servers of SQS, of which only ElasticMQ refuses what AWS ignores."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from worker.aws.clients import Clients
from worker.aws.queue_manager import QueueDepth, QueueManager, ReceivedMessage
from worker.errors import MisconfiguredError, UnavailableError
from worker.resilience.rate_limiter import AdaptiveRateLimiter

pytestmark = pytest.mark.integration
SERVERS = ("moto", "elasticmq", "localstack")


def received_one(queue: QueueManager) -> ReceivedMessage:
    (message,) = queue.receive(limit=1, wait_s=1)
    return message


def raw_dead_letter(clients: Clients, dlq_url: str) -> tuple[str, dict[str, Any]]:
    """Body and `cis` of the one dead-lettered message, read with plain boto3."""
    response = clients.sqs.receive_message(QueueUrl=dlq_url, MessageAttributeNames=["All"])
    (message,) = response["Messages"]
    return message["Body"], json.loads(message["MessageAttributes"]["cis"]["StringValue"])


def test_the_poll_of_an_empty_queue_waits_for_a_message(queue: QueueManager) -> None:
    began = time.monotonic()
    assert queue.receive(limit=10, wait_s=1) == []
    assert time.monotonic() - began >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("server", ["moto", "elasticmq"], indirect=True)
def test_a_poll_of_an_empty_queue_lasts_as_long_as_sqs_allows(queue: QueueManager) -> None:
    """Not on LocalStack: a third wait of 20 s would test no more than the poll of one second above."""
    began = time.monotonic()
    assert queue.receive(limit=10) == []
    assert time.monotonic() - began >= 19


@pytest.mark.parametrize("limit", [1, 5, 10])
def test_a_batch_holds_as_many_messages_as_asked_for(queue: QueueManager, limit: int) -> None:
    for number in range(11):
        queue.send(f"body {number}")
    messages = queue.receive(limit=limit, wait_s=1)
    assert len(messages) == limit
    assert len({message.message_id for message in messages}) == limit


@pytest.mark.parametrize(("limit", "most"), [(0, 1), (-3, 1), (50, 10)])
def test_a_limit_out_of_range_is_clamped(queue: QueueManager, limit: int, most: int) -> None:
    for number in range(11):
        queue.send(f"body {number}")
    assert len(queue.receive(limit=limit, wait_s=1)) == most


def test_the_lease_is_counted_from_before_the_call(clients: Clients, queues: tuple[str, str]) -> None:
    ticks = iter([100.0, 115.0])
    queue = QueueManager(
        clients.sqs, queue_url=queues[0], dlq_url=queues[1], visibility_s=30, clock=lambda: next(ticks)
    )
    queue.send("body")
    message = received_one(queue)
    assert message.received_at == 100.0
    assert message.lease_until == 130.0


def test_the_visibility_of_the_receive_overrides_the_queues_own(
    clients: Clients, queues: tuple[str, str]
) -> None:
    clients.sqs.set_queue_attributes(QueueUrl=queues[0], Attributes={"VisibilityTimeout": "0"})
    queue = QueueManager(clients.sqs, queue_url=queues[0], dlq_url=queues[1])
    queue.send("body")
    received_one(queue)
    assert queue.receive(limit=1, wait_s=0) == []


def test_a_message_carries_body_count_and_own_attribute(queue: QueueManager) -> None:
    sent_id = queue.send("本文", cis={"interruptions": 2, "note": "改行\n\x00"})
    message = received_one(queue)
    assert message.message_id == sent_id
    assert message.body == "本文"
    assert message.receive_count == 1
    assert message.sent_at_ms > 1_700_000_000_000
    assert message.cis == {"interruptions": 2, "note": "改行  "}


def test_a_delayed_message_is_not_received_yet(queue: QueueManager) -> None:
    queue.send("body", delay_s=60)
    assert queue.receive(limit=1, wait_s=0) == []
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, delayed=1)


def test_depth_counts_visible_and_in_flight_messages(queue: QueueManager) -> None:
    for number in range(3):
        queue.send(f"body {number}")
    received_one(queue)
    assert queue.depth() == QueueDepth(visible=2, in_flight=1, delayed=0)


def test_more_than_ten_messages_are_deleted(queue: QueueManager) -> None:
    for number in range(12):
        queue.send(f"body {number}")
    messages = [*queue.receive(limit=10, wait_s=1), *queue.receive(limit=10, wait_s=1)]
    assert len(messages) == 12
    assert queue.delete(messages) == []
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, delayed=0)


def test_two_receipts_of_one_message_fit_in_a_batch(queue: QueueManager) -> None:
    queue.send("body")
    first = received_one(queue)
    queue.hide(first, delay_s=0)
    queue.delete([first, received_one(queue)])
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, delayed=0)


def test_an_extension_separates_landed_from_lost(queue: QueueManager) -> None:
    for number in range(11):
        queue.send(f"body {number}")
    messages = [*queue.receive(limit=10, wait_s=1), *queue.receive(limit=10, wait_s=1)]
    deleted = messages[3]
    queue.delete([deleted])
    extension = queue.extend(messages, visibility_s=300)
    assert extension.landed == {message.message_id for message in messages} - {deleted.message_id}
    assert extension.lost == {deleted.message_id}


@pytest.mark.parametrize("server", ["elasticmq"], indirect=True)
def test_a_stale_receipt_neither_deletes_nor_extends(queue: QueueManager) -> None:
    """On ElasticMQ alone: with moto and LocalStack it does both, which AWS never lets it do."""
    queue.send("body")
    stale = received_one(queue)
    queue.hide(stale, delay_s=0)
    current = received_one(queue)
    assert current.receipt_handle != stale.receipt_handle
    extension = queue.extend([stale], visibility_s=0)
    assert extension.landed == frozenset()
    assert extension.lost == {stale.message_id}
    queue.hide(stale, delay_s=0)
    assert queue.delete([stale]) == [stale]
    assert queue.receive(limit=1, wait_s=0) == [], "the message is still hidden for its owner"
    assert queue.delete([current]) == []
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, delayed=0)


def test_a_hidden_message_comes_back_after_its_delay(queue: QueueManager) -> None:
    queue.send("body")
    queue.hide(received_one(queue), delay_s=0)
    assert received_one(queue).receive_count == 2


def test_hiding_a_deleted_message_does_nothing(queue: QueueManager) -> None:
    queue.send("body")
    message = received_one(queue)
    queue.delete([message])
    queue.hide(message, delay_s=5)
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, delayed=0)


def test_a_message_requeued_is_a_fresh_copy(queue: QueueManager) -> None:
    queue.send("body", cis={"trace": "abc"})
    first = received_one(queue)
    queue.requeue(first, delay_s=0)
    second = received_one(queue)
    assert (second.body, second.receive_count) == ("body", 1)
    assert second.message_id != first.message_id
    kept = {"trace": "abc", "first_seen": first.sent_at_ms, "correlation": first.message_id}
    assert second.cis == {**kept, "interruptions": 1}
    queue.requeue(second, delay_s=0)
    third = received_one(queue)
    assert third.cis == {**kept, "interruptions": 2}
    assert queue.depth() == QueueDepth(visible=0, in_flight=1, delayed=0)


def test_a_dead_lettered_message_carries_its_reason_and_leaves_the_original(
    clients: Clients, queues: tuple[str, str], queue: QueueManager
) -> None:
    queue.send("not JSON")
    message = received_one(queue)
    queue.dead_letter(message, code="malformed_message", reason="line\none\x07" + "あ" * 600, stage="parse")
    body, cis = raw_dead_letter(clients, queues[1])
    assert body == "not JSON"
    assert cis == {
        "code": "malformed_message",
        # At most 1.5 KB as JSON, where each of these takes six bytes.
        "reason": "line one " + "あ" * 248,
        "stage": "parse",
        "message_id": message.message_id,
        "receive_count": 1,
        "interruptions": 0,
        "first_seen": message.sent_at_ms,
        "correlation": message.message_id,
    }
    assert queue.depth() == QueueDepth(visible=0, in_flight=1, delayed=0)


def test_one_record_of_a_message_can_be_dead_lettered(
    clients: Clients, queues: tuple[str, str], queue: QueueManager
) -> None:
    queue.send("two records")
    queue.dead_letter(received_one(queue), code="source_missing", reason="no bucket", body="second record")
    assert raw_dead_letter(clients, queues[1])[0] == "second record"


def test_a_message_that_fails_at_every_receive_ends_in_the_dead_letter_queue(
    clients: Clients, queues: tuple[str, str], queue: QueueManager
) -> None:
    asked = clients.sqs.get_queue_attributes(QueueUrl=queues[1], AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": asked["Attributes"]["QueueArn"], "maxReceiveCount": "3"}
    clients.sqs.set_queue_attributes(QueueUrl=queues[0], Attributes={"RedrivePolicy": json.dumps(redrive)})
    sent_id = queue.send("body", cis={"trace": "abc"})
    for receive_count in (1, 2, 3):
        message = received_one(queue)
        assert message.receive_count == receive_count
        queue.hide(message, delay_s=0)
    assert queue.receive(limit=1, wait_s=1) == []
    response = clients.sqs.receive_message(
        QueueUrl=queues[1], MessageAttributeNames=["All"], WaitTimeSeconds=5
    )
    (dead,) = response["Messages"]
    assert (dead["MessageId"], dead["Body"]) == (sent_id, "body")
    assert json.loads(dead["MessageAttributes"]["cis"]["StringValue"]) == {"trace": "abc"}


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_sending_is_paced_from_the_first_message_on(queue: QueueManager) -> None:
    limiter = AdaptiveRateLimiter(5, 1, 5)
    began = time.monotonic()
    for number in range(20):
        limiter.acquire()
        queue.send(f"body {number}")
    assert time.monotonic() - began >= 3.8


def test_a_queue_that_does_not_exist_is_a_misconfiguration(clients: Clients, queues: tuple[str, str]) -> None:
    missing = QueueManager(clients.sqs, queue_url=queues[0] + "-not", dlq_url=queues[1])
    with pytest.raises(MisconfiguredError, match="cis-worker init"):
        missing.receive(limit=1, wait_s=0)


def test_a_lost_response_to_a_receive_is_an_outage_and_not_retried(
    clients: Clients, queue: QueueManager, lose_responses: Any
) -> None:
    queue.send("body")
    with lose_responses(clients.sqs_poll, "ReceiveMessage") as lost, pytest.raises(UnavailableError):
        queue.receive(limit=1, wait_s=0)
    assert len(lost) == 1
    # The server had delivered it, so it stays hidden until its visibility ends.
    assert queue.receive(limit=1, wait_s=0) == []


def test_when_the_copy_cannot_be_sent_the_original_stays(
    clients: Clients, queues: tuple[str, str], queue: QueueManager
) -> None:
    queue.send("body")
    message = received_one(queue)
    unreachable = QueueManager(clients.sqs, queue_url=queues[0] + "-not", dlq_url=queues[1])
    with pytest.raises(MisconfiguredError):
        unreachable.requeue(message, delay_s=0)
    assert queue.depth() == QueueDepth(visible=0, in_flight=1, delayed=0)

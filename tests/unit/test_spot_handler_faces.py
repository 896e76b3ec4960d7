"""What programs of others call by name: extending, interrupting by hand, a graceful shutdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from structlog.testing import capture_logs

from worker.runtime.shutdown import Shutdown
from worker.spot_handler import SpotInterruptionHandler

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Queue:
    client: Any
    url: str

    def receive(self) -> list[dict[str, Any]]:
        answer = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
        )
        return list(answer.get("Messages", []))

    def extend(self, handler: SpotInterruptionHandler, handle: str) -> bool:
        return handler.extend_message_visibility(
            sqs_client=self.client, queue_url=self.url, receipt_handle=handle, extension_seconds=300
        )


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        client: Any = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="q")["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody='{"a": 1}')
        yield Queue(client, url)


@pytest.fixture
def shutdown() -> Shutdown:
    return Shutdown(timeout_s=110)


def test_interrupted_by_hand_it_acts_as_after_a_notice(shutdown: Shutdown) -> None:
    calls: list[str] = []
    handler = SpotInterruptionHandler(shutdown=shutdown, grace_period=40)
    handler.on_interrupt_callback = lambda: calls.append("called")
    handler.set_interrupted(True)
    assert handler.check_interruption_notice() is True
    assert shutdown.stop is not None
    assert shutdown.stop.deadline - shutdown.now() <= 40
    assert calls == ["called"]
    handler.set_interrupted(False)
    # A stop that began is not taken back.
    assert shutdown.is_requested


class Processor:
    def __init__(self, error: Exception | None = None) -> None:
        self.saved = 0
        self._error = error

    def save_state(self) -> dict[str, str]:
        self.saved += 1
        if self._error is not None:
            raise self._error
        return {}


def test_a_graceful_shutdown_saves_and_requeues(shutdown: Shutdown) -> None:
    handler, processor = SpotInterruptionHandler(shutdown=shutdown), Processor()
    requeued: list[object] = []

    def requeue(message: object) -> bool:
        requeued.append(message)
        return True

    handler.requeue = requeue
    report = handler.handle_graceful_shutdown(processor, ["one", "two"])
    assert (report.status, report.messages_requeued, report.state_saved) == ("GRACEFUL_SHUTDOWN", 2, True)
    assert report["status"] == report.status
    assert (processor.saved, requeued) == (1, ["one", "two"])
    assert shutdown.is_requested


def test_what_fails_of_it_is_said_and_the_rest_is_done(shutdown: Shutdown) -> None:
    handler = SpotInterruptionHandler(shutdown=shutdown)

    def requeue(message: int) -> bool:
        return 1 / message > 0

    handler.requeue = requeue
    with capture_logs() as lines:
        report = handler.handle_graceful_shutdown(Processor(ValueError("no")), [1, 0, 2])
    assert (report.status, report.messages_requeued, report.state_saved) == ("INCOMPLETE_SHUTDOWN", 2, False)
    assert {line["event"] for line in lines} == {"state_not_saved", "requeue_failed"}


def test_an_extension_lands_and_one_of_a_stale_receipt_does_not(queue: Queue) -> None:
    handler = SpotInterruptionHandler()
    (message,) = queue.receive()
    assert queue.extend(handler, message["ReceiptHandle"])
    assert not queue.extend(handler, "stale")
    assert not queue.extend(handler, "")
    assert queue.receive() == []


def test_alone_it_requeues_a_message_as_a_copy_that_is_received_for_the_first_time(queue: Queue) -> None:
    handler = SpotInterruptionHandler()
    (message,) = queue.receive()
    queue.extend(handler, message["ReceiptHandle"])
    report = handler.handle_graceful_shutdown(Processor(), [message])
    assert (report.status, report.messages_requeued) == ("GRACEFUL_SHUTDOWN", 1)
    (copy,) = queue.receive()
    assert (copy["Body"], copy["Attributes"]["ApproximateReceiveCount"]) == ('{"a": 1}', "1")


def test_alone_it_makes_a_message_visible_of_which_it_has_the_receipt_only(queue: Queue) -> None:
    handler = SpotInterruptionHandler()
    handle = queue.receive()[0]["ReceiptHandle"]
    queue.extend(handler, handle)
    assert (
        handler.handle_graceful_shutdown(Processor(), [{"ReceiptHandle": handle}])["messages_requeued"] == 1
    )
    assert len(queue.receive()) == 1


def test_without_a_queue_a_message_is_left_to_it_and_without_a_receipt_it_is_lost() -> None:
    handler = SpotInterruptionHandler()
    with capture_logs() as lines:
        report = handler.handle_graceful_shutdown(Processor(), [{"ReceiptHandle": "r"}, {}])
    assert (report.status, report.messages_requeued) == ("INCOMPLETE_SHUTDOWN", 1)
    assert [line["event"] for line in lines] == ["message_left_to_queue", "message_without_receipt"]

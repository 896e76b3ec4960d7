"""EventPublisher against servers of EventBridge, SNS and SQS: what a subscriber receives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worker.aws.clients import Clients, target_client
from worker.aws.ledger_row import FileRow
from worker.aws.messages.document_event import DocumentEvent
from worker.aws.messages.event_publisher import EventPublisher
from worker.aws.messages.event_target import EventTarget
from worker.errors import WorkerError
from worker.models.ledger import State

pytestmark = pytest.mark.integration
SERVERS = ("moto", "localstack")
REGION = "ap-northeast-1"

EVENTS = [
    DocumentEvent.from_row(
        FileRow(
            file_id=f"{number:064x}",
            fence=number,
            state=State.PARTIAL,
            bucket="nas",
            key=f"報告 {number}.pdf",
            reason="pages_failed",
            updated_at="2026-11-30T04:30:00.000+00:00",
        )
    )
    for number in range(1, 13)
]


@pytest.fixture
def client_of(endpoint: str, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the client of a service on the server, as a worker does."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return lambda service: target_client(service, region=REGION)


def _arn(clients: Clients, url: str) -> str:
    return clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]


def _receive(clients: Clients, url: str, count: int) -> list[str]:
    """So many bodies; the deadline is that of the test."""
    bodies: list[str] = []
    while len(bodies) < count:
        answer = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
    return bodies


def _publish(client: Any, target: str) -> None:
    assert EventPublisher(client=client, target=EventTarget.parse(target)).publish(EVENTS) == {}


def test_a_queue_receives_each_event(clients: Clients, queues: tuple[str, str], client_of: Any) -> None:
    for target in (queues[0], _arn(clients, queues[0])):
        EventPublisher(client=client_of("sqs"), target=EventTarget.parse(target)).probe()
        _publish(client_of("sqs"), target)
        assert sorted(_receive(clients, queues[0], 12)) == sorted(event.text for event in EVENTS)


def test_an_ordered_queue_drops_a_copy(clients: Clients, name: str, client_of: Any) -> None:
    url = clients.sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for _ in range(2):
        _publish(client_of("sqs"), url)
    assert sorted(_receive(clients, url, 12)) == sorted(event.text for event in EVENTS)
    assert "Messages" not in clients.sqs.receive_message(QueueUrl=url)


def test_the_subscriber_of_a_topic_may_filter_by_type(
    clients: Clients, queues: tuple[str, str], name: str, client_of: Any
) -> None:
    sns = client_of("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    for url, kind in zip(queues, ("document.partial", "document.indexed"), strict=True):
        policy = {"FilterPolicy": json.dumps({"type": [kind]}), "RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn(clients, url), Attributes=policy)
    EventPublisher(client=sns, target=EventTarget.parse(topic)).probe()
    _publish(sns, topic)
    assert sorted(_receive(clients, queues[0], 12)) == sorted(event.text for event in EVENTS)
    assert "Messages" not in clients.sqs.receive_message(QueueUrl=queues[1])


def test_a_rule_of_a_bus_may_match_state_and_bucket(
    clients: Clients, queues: tuple[str, str], name: str, client_of: Any
) -> None:
    events = client_of("events")
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    pattern = {
        "source": ["cis-worker"],
        "detail-type": ["document.partial"],
        "detail": {"state": ["partial"], "file": {"bucket": ["nas"]}},
    }
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": _arn(clients, queues[0])}
    events.put_targets(Rule=name, EventBusName=name, Targets=[target])
    EventPublisher(client=events, target=EventTarget.parse(bus)).probe()
    _publish(events, bus)
    received = [json.loads(body) for body in _receive(clients, queues[0], 12)]
    assert {each["detail-type"] for each in received} == {"document.partial"}
    details = sorted((each["detail"] for each in received), key=lambda detail: detail["fence"])
    assert details == [json.loads(event.text) for event in EVENTS]


def test_a_target_that_is_missing_is_no_success(queues: tuple[str, str], client_of: Any, server: str) -> None:
    account = "000000000000" if server == "localstack" else "123456789012"
    for service, target in (
        ("sqs", f"{queues[0]}-gone"),
        ("sns", f"arn:aws:sns:{REGION}:{account}:gone"),
        ("events", f"arn:aws:events:{REGION}:{account}:event-bus/gone"),
    ):
        publisher = EventPublisher(client=client_of(service), target=EventTarget.parse(target))
        with pytest.raises(WorkerError, match="gone"):
            publisher.probe()
        # EventBridge drops what is sent to a bus that does not exist, and moto does not.
        assert service == "events" or _refusal(publisher)


def _refusal(publisher: EventPublisher) -> str:
    """Why two events were not accepted; empty where one was."""
    try:
        refused = publisher.publish(EVENTS[:2])
    except WorkerError as error:
        return str(error)
    return " ".join(refused.values()) if len(refused) == 2 else ""

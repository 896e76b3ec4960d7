"""Creating queues, buckets and table on moto, and connecting a bucket to the queue."""

from __future__ import annotations

import json

import pytest

from worker.aws.buckets.notifications import connect_notifications
from worker.aws.clients import Clients
from worker.aws.provisioning import Provisioned, provision
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.integration


def make(clients: Clients, name: str, *, dry_run: bool = False) -> list[Provisioned]:
    return provision(
        clients,
        queue_name=f"{name}-queue",
        dlq_name=f"{name}-dlq",
        buckets=[f"{name}-source", f"{name}-results"],
        table=f"{name}-files",
        dry_run=dry_run,
    )


def test_everything_is_created_once_and_found_the_second_time(clients: Clients, name: str) -> None:
    first = make(clients, name)
    assert [(thing.kind, thing.name, thing.created) for thing in first] == [
        ("queue", f"{name}-queue", True),
        ("queue", f"{name}-dlq", True),
        ("bucket", f"{name}-source", True),
        ("bucket", f"{name}-results", True),
        ("table", f"{name}-files", True),
    ]
    second = make(clients, name)
    assert [thing.created for thing in second] == [False] * 5
    assert [thing.identifier for thing in second] == [thing.identifier for thing in first]


def test_a_dry_run_reports_and_creates_nothing(clients: Clients, name: str) -> None:
    resources = make(clients, name, dry_run=True)
    assert [thing.created for thing in resources] == [True] * 5
    assert [thing.created for thing in make(clients, name)] == [True] * 5
    assert [thing.created for thing in make(clients, name, dry_run=True)] == [False] * 5


def test_the_queues_keep_messages_as_designed(clients: Clients, name: str) -> None:
    queue, dlq, *_ = make(clients, name)
    attributes = clients.sqs.get_queue_attributes(QueueUrl=queue.identifier, AttributeNames=["All"])
    found = attributes["Attributes"]
    assert found["VisibilityTimeout"] == "120"
    assert found["MessageRetentionPeriod"] == "1209600"
    redrive = json.loads(found["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 100
    assert redrive["deadLetterTargetArn"].endswith(f":{name}-dlq")
    attributes = clients.sqs.get_queue_attributes(QueueUrl=dlq.identifier, AttributeNames=["All"])
    assert attributes["Attributes"]["MessageRetentionPeriod"] == "1209600"


def test_an_upload_and_a_delete_reach_the_queue_once_connected(clients: Clients, name: str) -> None:
    queue, _, source, *_ = make(clients, name)
    connect_notifications(clients, source.name, queue.identifier)
    connect_notifications(clients, source.name, queue.identifier)
    clients.s3.put_object(Bucket=source.name, Key="a", Body=b"x")
    clients.s3.delete_object(Bucket=source.name, Key="a")
    response = clients.sqs.receive_message(QueueUrl=queue.identifier, MaxNumberOfMessages=10)
    events = [json.loads(message["Body"]) for message in response["Messages"]]
    names = [record["eventName"] for event in events for record in event.get("Records", [])]
    # moto announces the tags of each upload, which has none.
    assert sorted(set(names) - {"ObjectTagging:Put"}) == ["ObjectCreated:Put", "ObjectRemoved:Delete"]


def test_connecting_keeps_other_notifications_and_statements(clients: Clients, name: str) -> None:
    queue, dlq, source, *_ = make(clients, name)
    arn = clients.sqs.get_queue_attributes(QueueUrl=dlq.identifier, AttributeNames=["QueueArn"])
    clients.s3.put_bucket_notification_configuration(
        Bucket=source.name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": "theirs",
                    "QueueArn": arn["Attributes"]["QueueArn"],
                    "Events": ["s3:ObjectRestore:*"],
                }
            ]
        },
    )
    theirs = {"Sid": "theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    clients.sqs.set_queue_attributes(
        QueueUrl=queue.identifier,
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [theirs]})},
    )
    for _ in range(2):
        connect_notifications(clients, source.name, queue.identifier)
    configuration = clients.s3.get_bucket_notification_configuration(Bucket=source.name)
    assert [entry["Id"] for entry in configuration["QueueConfigurations"]] == ["theirs", "cis-worker"]
    # S3 refuses two subscriptions to one event.
    assert configuration["QueueConfigurations"][1]["Events"] == [
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
        "s3:LifecycleExpiration:*",
        "s3:ObjectTagging:*",
    ]
    attributes = clients.sqs.get_queue_attributes(QueueUrl=queue.identifier, AttributeNames=["Policy"])
    statements = json.loads(attributes["Attributes"]["Policy"])["Statement"]
    assert statements[0] == theirs
    assert [statement["Sid"] for statement in statements] == ["theirs", f"cis-worker-{source.name}"]
    assert statements[1]["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:s3:::{source.name}"}


def test_connecting_a_missing_bucket_is_a_misconfiguration(clients: Clients, name: str) -> None:
    queue, *_ = make(clients, name)
    with pytest.raises(MisconfiguredError, match=f"{name}-none"):
        connect_notifications(clients, f"{name}-none", queue.identifier)

"""Merging the notification of a bucket that exists with what others have set there, on moto."""

from __future__ import annotations

from typing import Any

import pytest

from worker.aws.buckets.notifications import merge_notification, remove_notification
from worker.aws.clients import Clients
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.integration


@pytest.fixture
def arn(clients: Clients, queues: tuple[str, str]) -> str:
    answer = clients.sqs.get_queue_attributes(QueueUrl=queues[0], AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def configuration(clients: Clients, bucket: str) -> dict[str, Any]:
    answer = clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def set_theirs(clients: Clients, bucket: str, arn: str, event: Any) -> dict[str, Any]:
    clients.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"Id": "theirs", "QueueArn": arn, "Events": [event]}]
        },
    )
    return configuration(clients, bucket)


def test_a_dry_run_shows_the_difference_and_writes_nothing(clients: Clients, source: str, arn: str) -> None:
    before = set_theirs(clients, source, arn, "s3:ObjectAcl:Put")
    change = merge_notification(clients.s3, source, arn, dry_run=True)
    assert change.is_needed
    assert change.before == before == configuration(clients, source)
    theirs, ours = change.after["QueueConfigurations"]
    assert theirs == before["QueueConfigurations"][0]
    assert (ours["Id"], ours["QueueArn"], len(ours["Events"])) == ("cis-worker", arn, 5)


def test_merging_twice_changes_nothing_the_second_time(clients: Clients, source: str, arn: str) -> None:
    assert merge_notification(clients.s3, source, arn).is_needed
    assert not merge_notification(clients.s3, source, arn).is_needed
    assert not merge_notification(clients.s3, source, arn, dry_run=True).is_needed


def test_the_notification_follows_a_new_queue(clients: Clients, source: str, arn: str, name: str) -> None:
    merge_notification(clients.s3, source, arn)
    url = clients.sqs.create_queue(QueueName=f"{name}-new")["QueueUrl"]
    other = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    assert merge_notification(clients.s3, source, other).is_needed
    (ours,) = configuration(clients, source)["QueueConfigurations"]
    assert ours["QueueArn"] == other


def test_a_bucket_whose_events_go_elsewhere_is_refused_with_the_way_out(
    clients: Clients, source: str, arn: str
) -> None:
    before = set_theirs(clients, source, f"{arn}-other", "s3:ObjectCreated:Put")
    with pytest.raises(MisconfiguredError, match=r"'theirs'.*SNS topic or to EventBridge"):
        merge_notification(clients.s3, source, arn)
    assert configuration(clients, source) == before


def test_events_that_go_to_this_queue_already_stay_as_they_are(
    clients: Clients, source: str, arn: str
) -> None:
    """As CloudFormation made them, or an operator for some prefixes only."""
    set_theirs(clients, source, arn, "s3:ObjectCreated:*")
    change = merge_notification(clients.s3, source, arn)
    theirs, ours = change.after["QueueConfigurations"]
    assert theirs == change.before["QueueConfigurations"][0]
    assert ours["Events"] == [
        "s3:ObjectRemoved:*",
        "s3:ObjectRestore:Completed",
        "s3:LifecycleExpiration:*",
        "s3:ObjectTagging:*",
    ]
    assert not merge_notification(clients.s3, source, arn).is_needed


def test_removing_leaves_the_notifications_of_others(
    clients: Clients, source: str, arn: str, name: str
) -> None:
    url = clients.sqs.create_queue(QueueName=f"{name}-theirs")["QueueUrl"]
    answer = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    before = set_theirs(clients, source, answer["Attributes"]["QueueArn"], "s3:ObjectAcl:Put")
    merge_notification(clients.s3, source, arn)
    assert remove_notification(clients.s3, source, arn, dry_run=True).is_needed
    assert len(configuration(clients, source)["QueueConfigurations"]) == 2
    remove_notification(clients.s3, source, arn)
    assert configuration(clients, source) == before
    assert not remove_notification(clients.s3, source, arn).is_needed

"""The notifications of a bucket that exists: read, and merged with what others have set there.

S3 has one configuration a bucket, and replaces it as a whole; CloudFormation would, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from worker.aws.clients import Clients
from worker.aws.translation import translate_errors
from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef

_ID = "cis-worker"
# Without these a worker hears of nothing.
_NEEDED = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
_MORE = ("s3:ObjectRestore:Completed", "s3:LifecycleExpiration:*", "s3:ObjectTagging:*")


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationChange:
    """The configuration of a bucket as it is, and as it will be."""

    bucket: str
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def is_needed(self) -> bool:
        """Whether anything would change."""
        return self.before != self.after


def connect_notifications(clients: Clients, bucket: str, queue_url: str) -> None:
    """Send the bucket's events (object created, removed, restored, expired) to the queue.

    Other notifications of the bucket and other statements of the queue's policy stay.
    """
    with translate_errors(f"connect bucket {bucket} to {queue_url}"):
        attributes = clients.sqs.get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["QueueArn", "Policy"]
        )["Attributes"]
        policy = json.loads(attributes.get("Policy") or '{"Version": "2012-10-17", "Statement": []}')
        statement = _statement(bucket, attributes["QueueArn"])
        others = [entry for entry in policy["Statement"] if entry.get("Sid") != statement["Sid"]]
        policy["Statement"] = [*others, statement]
        # First: S3 refuses a notification to a queue that does not accept it.
        clients.sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps(policy)})
    merge_notification(clients.s3, bucket, attributes["QueueArn"])


def merge_notification(
    client: S3Client, bucket: str, queue_arn: str, *, dry_run: bool = False
) -> NotificationChange:
    """Have the bucket announce its objects to a queue whose policy allows it; what changes by that.

    The notifications of others stay as they are. Nothing is written where nothing changes, nor in a dry run.
    Raises MisconfiguredError when another notification of the bucket takes events that are needed.
    """
    with translate_errors(f"connect bucket {bucket} to {queue_arn}"):
        answer = client.get_bucket_notification_configuration(Bucket=bucket)
        before = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        change = NotificationChange(bucket=bucket, before=before, after=_merge(bucket, before, queue_arn))
        if change.is_needed and not dry_run:
            wanted = cast("NotificationConfigurationTypeDef", change.after)
            client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    return change


def remove_notification(
    client: S3Client, bucket: str, queue_arn: str, *, dry_run: bool = False
) -> NotificationChange:
    """Have the bucket announce nothing to a queue any more; the notifications of others stay."""
    with translate_errors(f"disconnect bucket {bucket} from {queue_arn}"):
        answer = client.get_bucket_notification_configuration(Bucket=bucket)
        before: dict[str, Any] = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        after = {name: value for name, value in before.items() if name != "QueueConfigurations"}
        present = before.get("QueueConfigurations", [])
        if others := [each for each in present if each.get("Id") != _ID and each["QueueArn"] != queue_arn]:
            after["QueueConfigurations"] = others
        change = NotificationChange(bucket=bucket, before=before, after=after)
        if change.is_needed and not dry_run:
            wanted = cast("NotificationConfigurationTypeDef", after)
            client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    return change


def _merge(bucket: str, before: dict[str, Any], queue_arn: str) -> dict[str, Any]:
    present = before.get("QueueConfigurations", [])
    merged = [each for each in present if each.get("Id") != _ID]
    if events := _events(bucket, before, queue_arn):
        ours = {"Id": _ID, "QueueArn": queue_arn, "Events": events}
        # As it is where it is right, so that what is the same compares equal.
        ours = next((each for each in present if each.get("Id") == _ID and _is_same(each, ours)), ours)
        position = next((n for n, each in enumerate(present) if each.get("Id") == _ID), len(merged))
        merged.insert(position, ours)
    return {**before, "QueueConfigurations": merged}


def _is_same(present: dict[str, Any], ours: dict[str, Any]) -> bool:
    rules = present.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    names = {"QueueArn": present["QueueArn"], "Events": sorted(present["Events"])}
    return not rules and names == {"QueueArn": ours["QueueArn"], "Events": sorted(ours["Events"])}


def _events(bucket: str, current: dict[str, Any], queue_arn: str) -> list[str]:
    """The events to subscribe to, beside those that are sent to this queue or elsewhere already."""
    entries = [
        *(each for each in current.get("QueueConfigurations", []) if each.get("Id") != _ID),
        *current.get("TopicConfigurations", []),
        *current.get("LambdaFunctionConfigurations", []),
    ]
    # S3 refuses two subscriptions to one event, unless both are limited to prefixes that do not overlap.
    taken = {_kind(event): entry for entry in entries for event in entry["Events"]}
    for event in _NEEDED:
        entry = taken.get(_kind(event))
        # To this queue: by CloudFormation, or by an operator for some prefixes only.
        if entry is not None and entry.get("QueueArn") != queue_arn:
            raise MisconfiguredError(
                f"Bucket {bucket} sends {event} elsewhere (notification {entry.get('Id', '')!r}): S3 sends "
                "it to one destination only. Let that go to an SNS topic or to EventBridge, which can send "
                "to this queue as well; the worker reads both forms."
            )
    return [event for event in (*_NEEDED, *_MORE) if _kind(event) not in taken]


def _kind(event: str) -> str:
    return event.split(":")[1]


def _statement(bucket: str, queue_arn: str) -> dict[str, object]:
    _, partition, _, _, account, _ = queue_arn.split(":", 5)
    return {
        "Sid": f"{_ID}-{bucket}",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:s3:::{bucket}"},
            # Without it another account could take over the name of a deleted bucket and send events.
            "StringEquals": {"aws:SourceAccount": account},
        },
    }

"""Making queue, dead-letter queue, buckets and table where they are missing; nothing is ever changed.

The queue's own redrive is only the net for messages that kill whole machines, hence its high limit:
interruptions raise the receive count too. The dead-letter queue keeps messages longer than the queue
does, because a message keeps its age when it moves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

from botocore.exceptions import ClientError

from worker.aws.clients import Clients
from worker.aws.translation import error_code, misconfigured, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_Attributes: TypeAlias = "Mapping[QueueAttributeNameType, str]"

_DAY_S = 86_400
_QUEUE_RETENTION_S = 4 * _DAY_S
_DLQ_RETENTION_S = 14 * _DAY_S
_VISIBILITY_S = 120
_MAX_RECEIVE_COUNT = 100
_NOTIFICATION_ID = "cis-worker"
_REGION_WITHOUT_CONSTRAINT = "us-east-1"
_BUCKET_TAKEN = misconfigured("The name is taken by somebody else: choose another one.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Provisioned:
    """One thing the worker needs; `created` False means it was there already.

    `identifier` is the queue's URL, the table's ARN or the bucket's name; on a dry run the name of
    what would be made.
    """

    kind: str
    name: str
    created: bool
    identifier: str


def provision(
    clients: Clients,
    *,
    queue_name: str,
    dlq_name: str,
    buckets: Sequence[str],
    table: str,
    dry_run: bool = False,
) -> list[Provisioned]:
    """Make what is missing and tell what there is; running it again makes nothing.

    Raises MisconfiguredError when it is not allowed to, or when a bucket's name is taken.
    """
    dlq = _queue(clients.sqs, dlq_name, {"MessageRetentionPeriod": str(_DLQ_RETENTION_S)}, dry_run=dry_run)
    attributes: dict[QueueAttributeNameType, str] = {
        "MessageRetentionPeriod": str(_QUEUE_RETENTION_S),
        "VisibilityTimeout": str(_VISIBILITY_S),
    }
    if not (dry_run and dlq.created):
        redrive = {
            "deadLetterTargetArn": _queue_attributes(clients.sqs, dlq.identifier)["QueueArn"],
            "maxReceiveCount": str(_MAX_RECEIVE_COUNT),
        }
        attributes["RedrivePolicy"] = json.dumps(redrive)
    return [
        _queue(clients.sqs, queue_name, attributes, dry_run=dry_run),
        dlq,
        *(_bucket(clients.s3, name, dry_run=dry_run) for name in buckets),
        _table(clients.dynamodb, table, dry_run=dry_run),
    ]


def connect_notifications(clients: Clients, bucket: str, queue_url: str) -> None:
    """Have a bucket tell the queue of every object created or removed.

    Other notifications of the bucket and other statements of the queue's policy are kept.
    """
    with translated(f"connect bucket {bucket} to {queue_url}"):
        attributes = _queue_attributes(clients.sqs, queue_url)
        policy = json.loads(attributes.get("Policy") or '{"Version": "2012-10-17", "Statement": []}')
        statement = _statement(bucket, attributes["QueueArn"])
        others = [entry for entry in policy["Statement"] if entry.get("Sid") != statement["Sid"]]
        policy["Statement"] = [*others, statement]
        clients.sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps(policy)})
        found = clients.s3.get_bucket_notification_configuration(Bucket=bucket)
        wanted = cast(
            "NotificationConfigurationTypeDef", {k: v for k, v in found.items() if k != "ResponseMetadata"}
        )
        wanted["QueueConfigurations"] = [
            *(entry for entry in found.get("QueueConfigurations", []) if entry.get("Id") != _NOTIFICATION_ID),
            {
                "Id": _NOTIFICATION_ID,
                "QueueArn": attributes["QueueArn"],
                "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
            },
        ]
        clients.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)


def _queue(client: SQSClient, name: str, attributes: _Attributes, *, dry_run: bool) -> Provisioned:
    made = partial(Provisioned, kind="queue", name=name)
    with translated(f"make queue {name}"):
        try:
            return made(created=False, identifier=client.get_queue_url(QueueName=name)["QueueUrl"])
        except client.exceptions.QueueDoesNotExist:
            pass
        if dry_run:
            return made(created=True, identifier=name)
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return made(created=True, identifier=url)


def _bucket(client: S3Client, name: str, *, dry_run: bool) -> Provisioned:
    made = partial(Provisioned, kind="bucket", name=name, identifier=name)
    with translated(f"make bucket {name}", {"403": _BUCKET_TAKEN, "BucketAlreadyExists": _BUCKET_TAKEN}):
        try:
            client.head_bucket(Bucket=name)
            return made(created=False)
        except ClientError as error:
            if error_code(error) != "404":
                raise
        if dry_run:
            return made(created=True)
        region = client.meta.region_name
        if region == _REGION_WITHOUT_CONSTRAINT:
            client.create_bucket(Bucket=name)
        else:
            constraint = cast("BucketLocationConstraintType", region)
            client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": constraint})
        return made(created=True)


def _table(client: DynamoDBClient, name: str, *, dry_run: bool) -> Provisioned:
    made = partial(Provisioned, kind="table", name=name)
    with translated(f"make table {name}"):
        try:
            arn = client.describe_table(TableName=name)["Table"]["TableArn"]
            return made(created=False, identifier=arn)
        except client.exceptions.ResourceNotFoundException:
            pass
        if dry_run:
            return made(created=True, identifier=name)
        response = client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        return made(created=True, identifier=response["TableDescription"]["TableArn"])


def _queue_attributes(client: SQSClient, url: str) -> _Attributes:
    with translated(f"read the attributes of {url}"):
        response = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])
    return response["Attributes"]


def _statement(bucket: str, queue_arn: str) -> dict[str, object]:
    _, partition, _, _, account, _ = queue_arn.split(":", 5)
    return {
        "Sid": f"{_NOTIFICATION_ID}-{bucket}",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:s3:::{bucket}"},
            # a bucket name alone could be taken over by another account
            "StringEquals": {"aws:SourceAccount": account},
        },
    }

"""Looking at queues, buckets and the table as they are, for operators; nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from worker.aws.queue_manager import QueueDepth
from worker.aws.translation import ErrorTable, translated
from worker.errors import Code, DeadLetterError, ObjectGoneError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_MISSING = partial(DeadLetterError, code=Code.SOURCE_MISSING)
_FORBIDDEN = partial(DeadLetterError, code=Code.SOURCE_FORBIDDEN)
_SOURCE: ErrorTable = {
    "NoSuchBucket": _MISSING,
    **dict.fromkeys(("403", "AccessDenied", "AllAccessDisabled"), _FORBIDDEN),
    # whoever hears that an object is archived would have been allowed to read it
    **dict.fromkeys(("InvalidObjectState", "NoSuchKey"), ObjectGoneError),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueFacts:
    """A queue as it is set up; without a redrive policy `redrive_arn` and the receive count are None.

    `retention_s` is None where the server does not tell it, as ElasticMQ.
    """

    arn: str
    depth: QueueDepth
    visibility_s: int
    retention_s: int | None
    redrive_arn: str | None = None
    max_receive_count: int | None = None
    fifo: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFacts:
    """A table as it is set up; `key` is its key attributes in order, each with its type, as `file_id S`.

    `indexes` are its secondary indexes by name, each with its status.
    """

    status: str
    key: tuple[str, ...]
    indexes: Mapping[str, str] = field(default_factory=dict)


def read_queue(client: SQSClient, url: str) -> QueueFacts:
    """One queue's set-up and depth. Raises MisconfiguredError (missing, forbidden) or UnavailableError."""
    with translated(f"read the attributes of {url}"):
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(told.get("RedrivePolicy") or "{}")
    receives, retention = redrive.get("maxReceiveCount"), told.get("MessageRetentionPeriod")
    return QueueFacts(
        arn=told["QueueArn"],
        depth=QueueDepth(
            visible=int(told["ApproximateNumberOfMessages"]),
            in_flight=int(told["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(told["ApproximateNumberOfMessagesDelayed"]),
        ),
        visibility_s=int(told["VisibilityTimeout"]),
        retention_s=None if retention is None else int(retention),
        redrive_arn=redrive.get("deadLetterTargetArn"),
        max_receive_count=None if receives is None else int(receives),
        fifo=told.get("FifoQueue") == "true",
    )


def read_table(client: DynamoDBClient, name: str) -> TableFacts:
    """One table's set-up. Raises MisconfiguredError (missing, forbidden) or UnavailableError."""
    with translated(f"describe table {name}"):
        table = client.describe_table(TableName=name)["Table"]
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    names = [each["AttributeName"] for each in table["KeySchema"]]
    indexes = table.get("GlobalSecondaryIndexes", [])
    return TableFacts(
        status=table["TableStatus"],
        key=tuple(f"{name} {types.get(name, '?')}" for name in names),
        indexes={each["IndexName"]: each["IndexStatus"] for each in indexes},
    )


def probe_source(client: S3Client, bucket: str) -> str | None:
    """List a source bucket and open its first object, whose key is returned; None when it is empty.

    Raises DeadLetterError (`source_missing`, `source_forbidden`) or UnavailableError.
    """
    with translated(f"list bucket {bucket}", _SOURCE):
        listed = client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    key = next((item["Key"] for item in listed.get("Contents", [])), None)
    if key is not None:
        with suppress(ObjectGoneError), translated(f"read s3://{bucket}/{key}", _SOURCE):
            client.get_object(Bucket=bucket, Key=key)["Body"].close()
    return key


def server_time(client: S3Client) -> datetime | None:
    """What S3 takes the time for, to a second; None where its answer does not say.

    Raises UnavailableError when there is no answer at all; a refusal is one.
    """
    with translated("ask S3 for the time"):
        try:
            headers = client.list_buckets()["ResponseMetadata"]["HTTPHeaders"]
        except ClientError as error:
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    date = headers.get("date")
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(str(date)).astimezone(UTC) if date else None
    return None

"""Read-only checks of queues, buckets and the table, for the operator's commands."""

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
from worker.aws.translation import ErrorTable, translate_errors
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
    # S3 reports an archived object only to a caller who may read it, so access is fine.
    **dict.fromkeys(("InvalidObjectState", "NoSuchKey"), ObjectGoneError),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueFacts:
    """Configuration and depth of a queue; without a redrive policy its two fields are None.

    `retention_s` is None where the server does not report it (ElasticMQ).
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
    """Configuration of a table; `key` is its key attributes in order, each with its type, as `file_id S`.

    `indexes` maps the names of its secondary indexes to their status.
    """

    status: str
    key: tuple[str, ...]
    indexes: Mapping[str, str] = field(default_factory=dict)


def read_queue(client: SQSClient, url: str) -> QueueFacts:
    """Read one queue. Raises MisconfiguredError (missing, forbidden) or UnavailableError."""
    with translate_errors(f"read the attributes of {url}"):
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    # A JSON document; some servers write its number as a string, hence the int() below.
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    receives, retention = redrive.get("maxReceiveCount"), attributes.get("MessageRetentionPeriod")
    return QueueFacts(
        arn=attributes["QueueArn"],
        depth=QueueDepth(
            visible=int(attributes["ApproximateNumberOfMessages"]),
            in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(attributes["ApproximateNumberOfMessagesDelayed"]),
        ),
        visibility_s=int(attributes["VisibilityTimeout"]),
        retention_s=None if retention is None else int(retention),
        redrive_arn=redrive.get("deadLetterTargetArn"),
        max_receive_count=None if receives is None else int(receives),
        fifo=attributes.get("FifoQueue") == "true",
    )


def read_table(client: DynamoDBClient, name: str) -> TableFacts:
    """Read one table's configuration. Raises MisconfiguredError (missing, forbidden) or UnavailableError."""
    with translate_errors(f"describe table {name}"):
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
    with translate_errors(f"list bucket {bucket}", _SOURCE):
        listed = client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    key = next((item["Key"] for item in listed.get("Contents", [])), None)
    if key is not None:
        with suppress(ObjectGoneError), translate_errors(f"read s3://{bucket}/{key}", _SOURCE):
            client.get_object(Bucket=bucket, Key=key)["Body"].close()
    return key


def may_read_tags(client: S3Client, bucket: str, key: str) -> bool:
    """Whether the tags of an object may be read. Raises UnavailableError."""
    with translate_errors(f"read the tags of s3://{bucket}/{key}", _SOURCE):
        try:
            client.get_object_tagging(Bucket=bucket, Key=key)
        except ClientError as error:
            return error.response["Error"]["Code"] != "AccessDenied"
    return True


def server_time(client: S3Client) -> datetime | None:
    """The time by S3's clock, to a second; None where the response has no Date header.

    Raises UnavailableError when there is no response.
    """
    with translate_errors("read the time from S3"):
        try:
            headers = client.list_buckets()["ResponseMetadata"]["HTTPHeaders"]
        except ClientError as error:
            # A refused request has a date as well, so no permission is needed.
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    date = headers.get("date")
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(str(date)).astimezone(UTC) if date else None
    return None

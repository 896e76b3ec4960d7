"""Creation of queue, dead-letter queue, buckets and table where they are missing.

Existing ones are left unchanged, except for a table without the index of pending rows, which gets it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

from botocore.exceptions import ClientError

from worker.aws.clients import Clients
from worker.aws.ledger_row import PENDING
from worker.aws.translation import misconfigured, translate_errors
from worker.resilience.error_classification import error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeDefinitionTypeDef,
        CreateGlobalSecondaryIndexActionTypeDef,
        TableDescriptionTypeDef,
    )
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_Attributes: TypeAlias = "Mapping[QueueAttributeNameType, str]"

_DAY_S = 86_400
RETENTION_S = 14 * _DAY_S
"""How long both queues keep messages: the longest that SQS offers, so that a stop of the fleet loses none."""

_VISIBILITY_S = 120
# The worker dead-letters documents itself. The redrive policy is for messages that kill whole machines; the
# limit is high because every interruption raises the receive count.
_MAX_RECEIVE_COUNT = 100
_INDEX_WAIT_S = 300.0
_POLL_S = 1.0
_REGION_WITHOUT_CONSTRAINT = "us-east-1"
_BUCKET_TAKEN = misconfigured("The name belongs to another account: choose another one.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Provisioned:
    """One resource of the worker; `created` False means that it existed already.

    `identifier` is the queue's URL, the table's ARN or the bucket's name; in a dry run the name of
    what would be created.
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
    """Create what is missing and report every resource; idempotent.

    Raises MisconfiguredError when a permission is missing or a bucket's name is taken.
    """
    dlq = _queue(clients.sqs, dlq_name, {"MessageRetentionPeriod": str(RETENTION_S)}, dry_run=dry_run)
    attributes: dict[QueueAttributeNameType, str] = {
        "MessageRetentionPeriod": str(RETENTION_S),
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
        *_table(clients.dynamodb, table, dry_run=dry_run),
    ]


def raise_retention(clients: Clients, url: str, *, dry_run: bool) -> str:
    """Let a queue keep messages for 14 days where that is longer than now; what changes, for people."""
    with translate_errors(f"set the retention of {url}"):
        response = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["MessageRetentionPeriod"])
        # Some servers do not know it (ElasticMQ).
        now_s = response.get("Attributes", {}).get("MessageRetentionPeriod")
        if now_s is None or int(now_s) >= RETENTION_S:
            return ""
        if not dry_run:
            clients.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"MessageRetentionPeriod": str(RETENTION_S)}
            )
    name = url.rstrip("/").rpartition("/")[2]
    return f"queue {name} keeps messages 14 days instead of {int(now_s) / _DAY_S:.3g}"


def _queue(client: SQSClient, name: str, attributes: _Attributes, *, dry_run: bool) -> Provisioned:
    result = partial(Provisioned, kind="queue", name=name)
    with translate_errors(f"create queue {name}"):
        try:
            return result(created=False, identifier=client.get_queue_url(QueueName=name)["QueueUrl"])
        except client.exceptions.QueueDoesNotExist:
            pass
        if dry_run:
            return result(created=True, identifier=name)
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return result(created=True, identifier=url)


def _bucket(client: S3Client, name: str, *, dry_run: bool) -> Provisioned:
    result = partial(Provisioned, kind="bucket", name=name, identifier=name)
    with translate_errors(
        f"create bucket {name}", {"403": _BUCKET_TAKEN, "BucketAlreadyExists": _BUCKET_TAKEN}
    ):
        try:
            client.head_bucket(Bucket=name)
            return result(created=False)
        except ClientError as error:
            if error_code(error) != "404":
                raise
        if dry_run:
            return result(created=True)
        region = client.meta.region_name
        # us-east-1 is the one region that S3 refuses as a location constraint.
        if region == _REGION_WITHOUT_CONSTRAINT:
            client.create_bucket(Bucket=name)
        else:
            constraint = cast("BucketLocationConstraintType", region)
            client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": constraint})
        return result(created=True)


def _table(client: DynamoDBClient, name: str, *, dry_run: bool) -> list[Provisioned]:
    """The table, and the index of pending rows where it is added to an existing table."""
    result = partial(Provisioned, kind="table", name=name)
    with translate_errors(f"create table {name}"):
        try:
            table = client.describe_table(TableName=name)["Table"]
        except client.exceptions.ResourceNotFoundException:
            pass
        else:
            added = _pending_index(client, name, table, dry_run=dry_run)
            return [result(created=False, identifier=table["TableArn"]), *added]
        if dry_run:
            return [result(created=True, identifier=name)]
        response = client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[_string("file_id"), _string(PENDING)],
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[_pending_definition()],
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        return [result(created=True, identifier=response["TableDescription"]["TableArn"])]


def _pending_index(
    client: DynamoDBClient, name: str, table: TableDescriptionTypeDef, *, dry_run: bool
) -> list[Provisioned]:
    if PENDING in _index_states(table):
        return []
    if not dry_run:
        definition = _pending_definition()
        throughput = table.get("ProvisionedThroughput")
        if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST" and throughput:
            definition["ProvisionedThroughput"] = {
                "ReadCapacityUnits": throughput["ReadCapacityUnits"],
                "WriteCapacityUnits": throughput["WriteCapacityUnits"],
            }
        client.update_table(
            TableName=name,
            AttributeDefinitions=[_string("file_id"), _string(PENDING)],
            GlobalSecondaryIndexUpdates=[{"Create": definition}],
        )
        _wait_for_index(client, name)
    return [Provisioned(kind="index", name=f"{name}/{PENDING}", created=True, identifier=PENDING)]


def _wait_for_index(client: DynamoDBClient, name: str) -> None:
    """Wait until the index is active, at most five minutes: on a large table the backfill takes longer."""
    # Until it is active the workers leave pending rows alone, and `cis-worker doctor` reports it.
    pause, deadline = threading.Event(), time.monotonic() + _INDEX_WAIT_S
    while _index_states(client.describe_table(TableName=name)["Table"]).get(PENDING) != "ACTIVE":
        if time.monotonic() > deadline:
            return
        pause.wait(_POLL_S)


def _index_states(table: TableDescriptionTypeDef) -> Mapping[str, str]:
    return {each["IndexName"]: each["IndexStatus"] for each in table.get("GlobalSecondaryIndexes", [])}


def _pending_definition() -> CreateGlobalSecondaryIndexActionTypeDef:
    return {
        "IndexName": PENDING,
        "KeySchema": [{"AttributeName": PENDING, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def _string(name: str) -> AttributeDefinitionTypeDef:
    return {"AttributeName": name, "AttributeType": "S"}


def _queue_attributes(client: SQSClient, url: str) -> _Attributes:
    with translate_errors(f"read the attributes of {url}"):
        response = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return response["Attributes"]

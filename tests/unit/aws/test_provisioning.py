"""Requests to AWS when a queue, bucket or table is missing; integration tests use moto."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from worker.aws.clients import Clients
from worker.aws.provisioning import Provisioned, provision
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit

QUEUE = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q"}
ARN = {"TableArn": "arn:aws:dynamodb:us-east-1:1:table/t"}
BARE = {"Table": {**ARN, "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}}
TABLE = {"Table": {**ARN, "GlobalSecondaryIndexes": [{"IndexName": "pending", "IndexStatus": "ACTIVE"}]}}


@pytest.fixture
def make(connect: Callable[[str], Any], wire: Any) -> Callable[..., list[Provisioned]]:
    clients = Clients(
        sqs=connect("sqs"),
        sqs_poll=connect("sqs"),
        s3=connect("s3"),
        dynamodb=connect("dynamodb"),
        bedrock=connect("bedrock-runtime"),
    )
    for answer in (QUEUE, {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:1:dlq"}}, QUEUE):
        wire.answer(answer)
    return partial(provision, clients, queue_name="q", dlq_name="dlq", buckets=["nas"], table="t")


def test_in_us_east_1_a_bucket_is_created_without_a_location(
    make: Callable[..., list[Provisioned]], wire: Any
) -> None:
    wire.answer(b"", status=404)
    wire.answer(b"")
    wire.answer(TABLE)
    assert [thing.created for thing in make()] == [False, False, True, False]
    assert wire.requests[4].method == "PUT"
    assert not wire.requests[4].body


def test_a_bucket_of_another_account_is_a_misconfiguration(
    make: Callable[..., list[Provisioned]], wire: Any
) -> None:
    wire.answer(b"", status=403)
    with pytest.raises(MisconfiguredError, match=r"nas.*choose another"):
        make()


def test_the_index_of_pending_rows_is_added_to_an_existing_table(
    make: Callable[..., list[Provisioned]], wire: Any
) -> None:
    for answer in (b"", BARE, {}, TABLE):
        wire.answer(answer)
    table, index = make()[-2:]
    assert (table.kind, table.created) == ("table", False)
    assert (index.kind, index.name, index.created) == ("index", "t/pending", True)
    (change,) = wire.sent(-2)["GlobalSecondaryIndexUpdates"]
    assert change["Create"] == {
        "IndexName": "pending",
        "KeySchema": [{"AttributeName": "pending", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def test_the_index_of_a_table_with_provisioned_capacity_gets_the_same(
    make: Callable[..., list[Provisioned]], wire: Any
) -> None:
    bought = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}
    for answer in (b"", {"Table": {**ARN, "ProvisionedThroughput": bought}}, {}, TABLE):
        wire.answer(answer)
    make()
    assert wire.sent(-2)["GlobalSecondaryIndexUpdates"][0]["Create"]["ProvisionedThroughput"] == bought


def test_a_dry_run_reports_the_index_and_adds_nothing(
    make: Callable[..., list[Provisioned]], wire: Any
) -> None:
    wire.answer(b"")
    wire.answer(BARE)
    assert [(thing.kind, thing.created) for thing in make(dry_run=True)][-2:] == [
        ("table", False),
        ("index", True),
    ]

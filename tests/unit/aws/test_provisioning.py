"""What is asked of AWS when a queue, bucket or table is missing; the rest meets moto in integration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from worker.aws.clients import Clients
from worker.aws.provisioning import Provisioned, provision
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit

QUEUE = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q"}
TABLE = {"Table": {"TableArn": "arn:aws:dynamodb:us-east-1:1:table/t"}}


@pytest.fixture
def make(connect: Callable[[str], Any], wire: Any) -> Callable[[], list[Provisioned]]:
    clients = Clients(
        sqs=connect("sqs"),
        sqs_poll=connect("sqs"),
        s3=connect("s3"),
        dynamodb=connect("dynamodb"),
        bedrock=connect("bedrock-runtime"),
    )
    for answer in (QUEUE, {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:1:dlq"}}, QUEUE):
        wire.answer(answer)
    return lambda: provision(clients, queue_name="q", dlq_name="dlq", buckets=["nas"], table="t")


def test_in_the_oldest_region_a_bucket_is_made_without_naming_it(
    make: Callable[[], list[Provisioned]], wire: Any
) -> None:
    wire.answer(b"", status=404)
    wire.answer(b"")
    wire.answer(TABLE)
    assert [thing.created for thing in make()] == [False, False, True, False]
    assert wire.requests[4].method == "PUT"
    assert not wire.requests[4].body


def test_a_bucket_of_somebody_else_is_a_misconfiguration(
    make: Callable[[], list[Provisioned]], wire: Any
) -> None:
    wire.answer(b"", status=403)
    with pytest.raises(MisconfiguredError, match=r"nas.*choose another"):
        make()

"""The row of a group's scaling, on moto's DynamoDB, and its answers when a response is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from worker.aws.other_rows.scaling_row import Revision, ScalingRow
from worker.errors import ServiceRefusedError

if TYPE_CHECKING:
    from tests.unit.aws.conftest import Wire

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScalingRow]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
        )
        yield ScalingRow(client=client, table="ledger", group="g")


def test_a_new_row_is_written_once(row: ScalingRow) -> None:
    assert row.read() == Revision()
    assert row.write("one", seen=Revision()) == Revision(number=1, content="one")
    assert row.write("two", seen=Revision()) is None
    assert row.read() == Revision(number=1, content="one")


def test_of_two_writes_over_one_revision_one_is_refused(row: ScalingRow) -> None:
    seen = row.write("one", seen=Revision()) or Revision()
    assert row.write("two", seen=seen) == Revision(number=2, content="two")
    assert row.write("three", seen=seen) is None
    assert row.read().content == "two"


def test_it_is_the_row_of_its_group_and_says_what_happened(row: ScalingRow) -> None:
    row.write("one", seen=Revision(), note="scale-out from 2 to 4")
    items = row.client.scan(TableName="ledger")["Items"]
    assert [(item["file_id"]["S"], item["note"]["S"]) for item in items] == [
        ("scaling#g", "scale-out from 2 to 4")
    ]


def test_a_write_whose_answer_was_lost_recognises_itself(connect: Callable[[str], Any], wire: Wire) -> None:
    """botocore sends it again, and the condition refuses the repetition."""
    wire.error("ConditionalCheckFailedException")
    row = ScalingRow(client=connect("dynamodb"), table="ledger", group="g")

    def answer_with_the_writer(**_: object) -> None:
        values = wire.sent(0)["ExpressionAttributeValues"]
        if len(wire.requests) == 1:
            wire.answer({"Item": {"writer": values[":writer"]}})

    row.client.meta.events.register("after-call.dynamodb.UpdateItem", answer_with_the_writer)
    assert row.write("one", seen=Revision()) == Revision(number=1, content="one")


def test_a_missing_table_is_named(row: ScalingRow) -> None:
    with pytest.raises(ServiceRefusedError, match="elsewhere"):
        ScalingRow(client=row.client, table="elsewhere", group="g").read()

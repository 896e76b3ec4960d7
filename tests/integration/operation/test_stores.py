"""The stores' checks one by one; what a whole set-up shows is in test_doctor.py."""

from __future__ import annotations

import pytest

from worker.aws.provisioning import provision
from worker.config import load_settings
from worker.embedded.stack import EmbeddedStack
from worker.operation.finding import Level
from worker.operation.stores import source_findings, store_checks, table_findings

pytestmark = pytest.mark.integration


def test_an_object_of_the_source_is_read_where_there_is_one(stack: EmbeddedStack) -> None:
    stack.clients.s3.create_bucket(
        Bucket="with-one", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    (empty,) = source_findings(stack.clients, "with-one")
    stack.clients.s3.put_object(Bucket="with-one", Key="a", Body=b"x")
    (full,) = source_findings(stack.clients, "with-one")
    assert "not tried" in empty.message
    assert full.message == "can be listed and read"


def test_trying_the_right_to_write_writes_no_row(stack: EmbeddedStack) -> None:
    (found,) = table_findings(load_settings(file_table=stack.resources.table), stack.clients)
    assert found.level is Level.OK
    assert stack.clients.dynamodb.scan(TableName=stack.resources.table)["Count"] == 0


def test_every_source_bucket_has_its_check(stack: EmbeddedStack) -> None:
    checks = store_checks(load_settings(source_buckets="a,b"), stack.clients)
    assert [check.subject for check in checks] == ["results bucket", "source a", "source b", "table"]


def test_a_table_without_the_index_of_pending_rows_is_a_warning(stack: EmbeddedStack) -> None:
    stack.clients.dynamodb.create_table(
        TableName="older",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
    )
    settings = load_settings(file_table="older")
    usable, warned = table_findings(settings, stack.clients)
    assert (usable.level, warned.level) == (Level.OK, Level.WARNING)
    assert "cis-worker init" in warned.advice
    provision(stack.clients, queue_name="o", dlq_name="o-dlq", buckets=[], table="older")
    assert [finding.level for finding in table_findings(settings, stack.clients)] == [Level.OK]

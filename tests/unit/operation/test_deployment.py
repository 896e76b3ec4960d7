"""What init creates beside AWS's own; the command itself is in tests/unit/cli/test_run.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from worker.aws.clients import make_clients
from worker.config import load_settings
from worker.operation.deployment import create_deployment

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        yield


def test_a_path_of_the_index_is_proposed_where_none_is_set(tmp_path: Path) -> None:
    proposed = create_deployment(load_settings(), connect_existing=False, dry_run=True)
    kept = create_deployment(
        load_settings(sqlite_path=tmp_path / "index"), connect_existing=False, dry_run=True
    )
    assert proposed.variables["CIS_SQLITE_PATH"] == "index.sqlite3"
    assert "CIS_SQLITE_PATH" not in kept.variables


def test_buckets_that_exist_are_connected_only_on_request() -> None:
    settings = load_settings(source_buckets="one,two", results_bucket="results")
    create_deployment(settings, connect_existing=False, dry_run=False)
    again = create_deployment(settings, connect_existing=True, dry_run=False)
    assert [resource.created for resource in again.resources] == [False] * 6
    assert again.variables["CIS_SOURCE_BUCKETS"] == "one,two"
    assert again.warnings == ()


def test_the_results_bucket_forgets_message_bodies_and_keeps_its_own_rules() -> None:
    settings = load_settings(source_buckets="one", results_bucket="results")
    s3 = make_clients().s3
    s3.create_bucket(Bucket="results")
    s3.put_bucket_lifecycle_configuration(
        Bucket="results",
        LifecycleConfiguration={
            "Rules": [{"ID": "theirs", "Prefix": "x/", "Status": "Enabled", "Expiration": {"Days": 1}}]
        },
    )
    for _ in range(2):
        create_deployment(settings, connect_existing=True, dry_run=False)
    rules = s3.get_bucket_lifecycle_configuration(Bucket="results")["Rules"]
    assert [(rule["ID"], rule.get("Expiration", {}).get("Days")) for rule in rules] == [
        ("theirs", 1),
        ("cis-worker-bodies", 60),
        ("cis-worker-checkpoints", 30),
        ("cis-worker-uploads", None),
        ("cis-worker-logs", 90),
    ]


def test_a_deployment_of_an_earlier_version_is_brought_up_to_date_once() -> None:
    clients = make_clients()
    clients.s3.create_bucket(Bucket="results")
    url = clients.sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "345600"})["QueueUrl"]
    settings = load_settings(source_buckets="one", results_bucket="results", queue_url=url)
    proposed = create_deployment(settings, connect_existing=False, dry_run=True)
    changed = create_deployment(settings, connect_existing=False, dry_run=False)
    again = create_deployment(settings, connect_existing=False, dry_run=False)
    assert changed.changes == proposed.changes
    assert changed.changes[0] == "queue q keeps messages 14 days instead of 4"
    assert "bucket results: checkpoints/ is deleted 30 days after it was written" in changed.changes
    assert (len(changed.changes), again.changes, again.warnings) == (5, (), ())
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"


def test_what_may_not_be_set_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = make_clients()
    clients.s3.create_bucket(Bucket="results")
    url = clients.sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "345600"})["QueueUrl"]

    def refuse(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    for client, operation in (("s3", "PutBucketLifecycleConfiguration"), ("sqs", "SetQueueAttributes")):
        getattr(clients, client).meta.events.register_first(f"before-send.{client}.{operation}", refuse)
    monkeypatch.setattr("worker.operation.deployment.make_clients", lambda **_: clients)
    monkeypatch.setattr("worker.operation.deployment.connect_notifications", lambda *_: None)
    settings = load_settings(source_buckets="one", results_bucket="results", queue_url=url)
    made = create_deployment(settings, connect_existing=False, dry_run=False)
    assert made.changes == ()
    assert [text in warning for text, warning in zip(("1209600", "left over"), made.warnings, strict=True)]

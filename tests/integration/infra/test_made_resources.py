"""Queue and storage on LocalStack: each resource has a physical id, and is what the template says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from infra.stacks.account import Account
from tests.integration.infra.conftest import REGION, new_name, point_at, run_command
from worker.aws.clients import Clients

pytestmark = pytest.mark.integration

ACCOUNT = "000000000000"
# What LocalStack answers for a resource that it accepts and does not make.
NOT_MADE = (None, "", "unknown")


@pytest.fixture(scope="module")
def aws(localstack_url: str, dynamodb_url: str) -> Iterator[str]:
    """In place of moto; LocalStack would download a DynamoDB."""
    with pytest.MonkeyPatch.context() as environment:
        point_at(localstack_url, environment, AWS_ENDPOINT_URL_DYNAMODB=dynamodb_url)
        yield localstack_url


@pytest.fixture(scope="module")
def deployed(aws: str) -> str:
    """The name of a deployment that no test changes."""
    return deploy_new()


def deploy_new() -> str:
    name = new_name()
    done = run_command("deploy", "--yes", "--name", name, "--only", "queue,storage")
    assert done.status == 0, done.text
    return name


def test_every_resource_is_made(deployed: str, account: Account) -> None:
    found = {}
    for template in ("queue", "storage"):
        answer = account.cloudformation.list_stack_resources(StackName=f"{deployed}-{template}")
        for each in answer["StackResourceSummaries"]:
            found[each["LogicalResourceId"]] = each
    assert len(found) == 8
    assert {each["ResourceStatus"] for each in found.values()} == {"CREATE_COMPLETE"}
    assert [name for name, each in found.items() if each.get("PhysicalResourceId") in NOT_MADE] == []


def test_the_queues_are_as_designed_and_let_only_the_bucket_send(deployed: str, clients: Clients) -> None:
    url = clients.sqs.get_queue_url(QueueName=f"{deployed}-files")["QueueUrl"]
    queue = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (queue["MessageRetentionPeriod"], queue["ReceiveMessageWaitTimeSeconds"]) == ("1209600", "20")
    redrive = json.loads(queue["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 100
    assert redrive["deadLetterTargetArn"].endswith(f":{deployed}-files-dlq")
    allowed, denied = json.loads(queue["Policy"])["Statement"]
    source = f"arn:aws:s3:::{deployed}-source-{ACCOUNT}-{REGION}"
    assert allowed["Condition"] == {
        "ArnEquals": {"aws:SourceArn": source},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    dlq_url = clients.sqs.get_queue_url(QueueName=f"{deployed}-files-dlq")["QueueUrl"]
    dlq = clients.sqs.get_queue_attributes(QueueUrl=dlq_url, AttributeNames=["All"])["Attributes"]
    assert dlq["MessageRetentionPeriod"] == "1209600"


def test_the_buckets_are_private_encrypted_and_versioned(deployed: str, clients: Clients) -> None:
    for kind in ("source", "results"):
        bucket = f"{deployed}-{kind}-{ACCOUNT}-{REGION}"
        blocked = clients.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}
        assert clients.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        rules = clients.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        (statement,) = json.loads(clients.s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_object_in_the_bucket_becomes_a_message(deployed: str, clients: Clients) -> None:
    bucket = f"{deployed}-source-{ACCOUNT}-{REGION}"
    clients.s3.put_object(Bucket=bucket, Key="a b.txt", Body=b"x")
    clients.s3.delete_object(Bucket=bucket, Key="a b.txt")
    url = clients.sqs.get_queue_url(QueueName=f"{deployed}-files")["QueueUrl"]
    names: list[str] = []
    for _ in range(10):
        answer = clients.sqs_poll.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        names += [record["eventName"] for body in bodies for record in body.get("Records", [])]
        if len(names) >= 2:
            break
    assert sorted(names) == ["ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated"]


def test_a_change_is_shown_then_made_and_data_stays_without_its_option(
    aws: str, account: Account, clients: Clients
) -> None:
    name = deploy_new()
    change = ("--name", name, "--only", "queue,storage", "--parameter", "VersionsKeptDays=5")
    shown = run_command("deploy", "--dry-run", *change)
    assert f"{name}-queue: nothing to change" in shown.lines
    assert any(line.startswith(f"{name}-storage: changes: change SourceBucket") for line in shown.lines)
    answer = account.cloudformation.describe_stacks(StackName=f"{name}-storage")
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in answer["Stacks"][0]["Parameters"]}
    assert parameters["VersionsKeptDays"] == "30"
    assert account.cloudformation.list_change_sets(StackName=f"{name}-storage")["Summaries"] == []
    assert run_command("deploy", "--yes", *change).status == 0
    assert run_command("deploy", "--yes", *change).lines[:2] == [
        f"{name}-queue: nothing to change",
        f"{name}-storage: nothing to change",
    ]

    source, results = (f"{name}-{kind}-{ACCOUNT}-{REGION}" for kind in ("source", "results"))
    clients.s3.put_object(Bucket=results, Key="artifacts/1", Body=b"kept")
    done = run_command("destroy", "--yes", "--name", name)
    assert done.status == 0, done.text
    assert f"What stays: AWS::S3::Bucket {results}" in done.lines
    again = run_command("deploy", "--yes", "--name", name, "--only", "queue,storage")
    assert again.status == 0, again.text
    assert again.settings["CIS_RESULTS_BUCKET"] == results
    assert clients.s3.get_object(Bucket=results, Key="artifacts/1")["Body"].read() == b"kept"

    gone = run_command("destroy", "--yes", "--name", name, "--delete-data")
    assert gone.status == 0, gone.text
    assert not {source, results} & {each["Name"] for each in clients.s3.list_buckets()["Buckets"]}

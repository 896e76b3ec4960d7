"""The doctor on the embedded stack: on a correct deployment, and with each fault."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from worker.aws.clients import secrets_client
from worker.embedded.stack import EmbeddedStack
from worker.operation.finding import Finding, Level

pytestmark = pytest.mark.integration

Diagnose = Callable[..., dict[str, Finding]]
MODEL = "model amazon.titan-embed-image-v1"


def _queue(stack: EmbeddedStack, redrive: dict[str, str] | None = None) -> str:
    return stack.clients.sqs.create_queue(
        QueueName=f"q-{uuid.uuid4().hex}",
        Attributes={"RedrivePolicy": json.dumps(redrive)} if redrive else {},
    )["QueueUrl"]


def test_a_set_up_that_is_right_has_no_findings(stack: EmbeddedStack, diagnose: Diagnose) -> None:
    found = diagnose(CIS_TEXT_MODEL="amazon.titan-embed-text-v2:0")
    assert [finding for finding in found.values() if finding.level is not Level.OK] == []
    assert (
        found["model amazon.titan-embed-text-v2:0"].message == "answers with 1024 numbers, in ap-northeast-1"
    )
    assert "agrees" in found["clock"].message


def test_passwords_are_counted_and_not_printed(diagnose: Diagnose) -> None:
    diagnose()
    secrets_client().create_secret(Name="pdf", SecretString='["correct horse", "battery"]')
    found = diagnose(CIS_PDF_PASSWORDS_SECRET="pdf")["PDF passwords"]
    assert (found.level, found.message) == (Level.OK, "2 in the secret")


def test_nothing_is_left_behind(stack: EmbeddedStack, diagnose: Diagnose) -> None:
    diagnose()
    resources = stack.resources
    assert stack.clients.s3.list_objects_v2(Bucket=resources.results_bucket)["KeyCount"] == 0
    assert stack.clients.dynamodb.scan(TableName=resources.table)["Count"] == 0


@pytest.mark.parametrize(
    ("changes", "subject", "level", "text"),
    [
        ({"CIS_QUEUE_URL": "/123456789012/wrong"}, "queue", Level.FAILURE, "CIS_QUEUE_URL"),
        ({"CIS_DLQ_URL": "/123456789012/wrong"}, "dead-letter queue", Level.FAILURE, "CIS_DLQ_URL"),
        ({"CIS_DLQ_URL": ""}, "dead-letter queue", Level.FAILURE, "CIS_DLQ_URL"),
        ({"CIS_RESULTS_BUCKET": "missing"}, "results bucket", Level.FAILURE, "CIS_RESULTS_BUCKET"),
        ({"CIS_RESULTS_BUCKET": ""}, "results bucket", Level.FAILURE, "CIS_RESULTS_BUCKET"),
        ({"CIS_SOURCE_BUCKETS": "missing"}, "source missing", Level.FAILURE, "CIS_SOURCE_BUCKETS"),
        ({"CIS_SOURCE_BUCKETS": ""}, "source buckets", Level.WARNING, "CIS_SOURCE_BUCKETS"),
        ({"CIS_FILE_TABLE": "missing"}, "table", Level.FAILURE, "CIS_FILE_TABLE"),
        ({"CIS_FILE_TABLE": ""}, "table", Level.FAILURE, "CIS_FILE_TABLE"),
        (
            {"CIS_PDF_PASSWORDS_SECRET": "missing"},
            "PDF passwords",
            Level.FAILURE,
            "CIS_PDF_PASSWORDS_SECRET",
        ),
        ({"CIS_IMAGE_MODEL": "unknown"}, "model unknown", Level.FAILURE, "CIS_IMAGE_MODEL"),
    ],
)
def test_a_wrong_name_is_found_and_named_with_its_setting(
    stack: EmbeddedStack, diagnose: Diagnose, changes: dict[str, str], subject: str, level: Level, text: str
) -> None:
    aws = stack.environment()["AWS_ENDPOINT_URL"]
    full = {name: f"{aws}{value}" if value.startswith("/") else value for name, value in changes.items()}
    found = diagnose(**full)[subject]
    assert found.level is level
    assert text in f"{found.message} {found.advice}"


def test_a_queue_without_redrive_is_a_failure(stack: EmbeddedStack, diagnose: Diagnose) -> None:
    found = diagnose(CIS_QUEUE_URL=_queue(stack))["dead-letter queue"]
    assert found.level is Level.FAILURE
    assert "no redrive policy" in found.message
    assert "deadLetterTargetArn" in found.advice


def test_a_low_receive_count_is_a_warning(stack: EmbeddedStack, diagnose: Diagnose) -> None:
    arn = stack.clients.sqs.get_queue_attributes(
        QueueUrl=stack.resources.dlq_url, AttributeNames=["QueueArn"]
    )
    redrive = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": "3"}
    found = diagnose(CIS_QUEUE_URL=_queue(stack, redrive))["dead-letter queue"]
    assert found.level is Level.WARNING
    assert "maxReceiveCount is 3" in found.message


def test_a_table_with_another_key_is_a_failure(stack: EmbeddedStack, diagnose: Diagnose) -> None:
    stack.clients.dynamodb.create_table(
        TableName="other-key",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    found = diagnose(CIS_FILE_TABLE="other-key")["table"]
    assert found.level is Level.FAILURE
    assert "id N" in found.message


@pytest.mark.parametrize(
    ("method", "rights"), [("PUT", "write"), ("GET", "read, list"), ("DELETE", "delete")]
)
def test_a_right_that_is_refused_is_named(
    diagnose: Diagnose,
    refusing: Callable[..., AbstractContextManager[str]],
    method: str,
    rights: str,
) -> None:
    with refusing(method) as proxy:
        found = diagnose(AWS_ENDPOINT_URL_S3=proxy)["results bucket"]
    assert found.level is Level.FAILURE
    assert f"Not possible: {rights}." in found.message
    assert "AccessDenied" in found.message
    assert "s3:GetObject, PutObject and DeleteObject" in found.advice


def test_a_source_that_may_not_be_listed_is_a_failure(
    diagnose: Diagnose, refusing: Callable[..., AbstractContextManager[str]]
) -> None:
    with refusing("GET") as proxy:
        found = diagnose(AWS_ENDPOINT_URL_S3=proxy)["source cis-source"]
    assert found.level is Level.FAILURE
    assert "s3:ListBucket" in found.advice


@pytest.mark.parametrize("script", [{"down": True}, {"fail_next": 9, "status": 403}, {"throttle_next": 9}])
def test_a_model_that_does_not_answer_is_a_warning(
    stack: EmbeddedStack, diagnose: Diagnose, script: dict[str, object]
) -> None:
    stack.bedrock.control(script)
    try:
        found = diagnose()[MODEL]
    finally:
        stack.bedrock.control({"down": False, "fail_next": 0, "throttle_next": 0})
    assert found.level is Level.WARNING
    assert "bedrock:InvokeModel" in found.advice
    assert "pending" in found.advice


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ({"status": 400, "message": "The provided model identifier is invalid."}, "CIS_IMAGE_MODEL"),
        (
            {
                "status": 400,
                "message": "Invocation of x with on-demand throughput isn\u2019t supported.",
            },
            "CIS_BEDROCK_REGION",
        ),
        ({"status": 400, "message": "Operation not allowed"}, "Enable the model"),
        ({"status": 400, "message": "A text that no table knows."}, "refuses even a probe"),
        ({"status": 403, "message": "You don't have access to the model."}, "Enable the model"),
        ({"status": 404, "message": "Could not resolve the foundation model."}, "CIS_IMAGE_MODEL"),
        ({"status": 429, "message": "Too many tokens per day, please wait."}, "Service Quotas"),
        ({"status": 400, "kind": "ServiceQuotaExceededException", "message": "x"}, "Service Quotas"),
    ],
)
def test_a_model_that_is_refused_is_reported_with_what_to_do_and_that_vectors_are_pending(
    stack: EmbeddedStack, diagnose: Diagnose, answer: dict[str, object], advice: str
) -> None:
    stack.bedrock.control({"fail_next": 1_000, **answer})
    try:
        found = diagnose()[MODEL]
    finally:
        stack.bedrock.control({"fail_next": 0, "status": 503, "kind": "", "message": ""})
    assert found.level is Level.WARNING
    assert str(answer["message"]).rstrip(".") in found.message
    assert advice in found.advice
    assert "stay pending" in found.advice


def test_an_endpoint_without_a_server_is_a_failure_with_advice(diagnose: Diagnose) -> None:
    found = diagnose(AWS_ENDPOINT_URL_SQS="http://127.0.0.1:9", CIS_QUEUE_URL="http://127.0.0.1:9/1/q")
    assert found["queue"].level is Level.FAILURE
    assert "AWS_ENDPOINT_URL" in found["queue"].advice
    assert found["table"].level is Level.OK

"""Calls to AWS by operation, retries and throttles by service, and the names that Bedrock hears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.runtime.test_metrics import parse_figures
from tests.unit.runtime.test_trace import PARENT, TRACE_ID
from worker.aws.answers.call_counts import CallCounts
from worker.aws.clients import Clients
from worker.runtime.metrics import Metrics
from worker.runtime.tally import open_tally, renewals
from worker.runtime.trace import follow, make_trace

pytestmark = pytest.mark.unit


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def clients(connect: Callable[[str], Any], metrics: Metrics) -> Clients:
    sqs = connect("sqs")
    made = Clients(
        sqs=sqs,
        sqs_poll=sqs,
        s3=connect("s3"),
        dynamodb=connect("dynamodb"),
        bedrock=connect("bedrock-runtime"),
    )
    CallCounts(metrics=metrics).register(made)
    return made


def test_a_call_is_counted_once_by_service_and_operation(
    clients: Clients, metrics: Metrics, wire: Any
) -> None:
    wire.answer({})
    wire.answer({})
    with open_tally() as tally:
        clients.dynamodb.get_item(TableName="t", Key={"file_id": {"S": "f"}})
    clients.sqs.receive_message(QueueUrl="https://sqs.us-east-1.amazonaws.com/1/q")
    figures = parse_figures(metrics)
    assert figures["cis_aws_calls_total", (("operation", "GetItem"), ("service", "dynamodb"))] == 1
    assert figures["cis_aws_calls_total", (("operation", "ReceiveMessage"), ("service", "sqs"))] == 1
    assert dict(tally.calls) == {"dynamodb": 1}


def test_throttles_are_counted_and_other_refusals_are_not(
    clients: Clients, metrics: Metrics, wire: Any
) -> None:
    for code, status in (
        ("ThrottlingException", 400),
        ("ModelNotReadyException", 429),
        ("AccessDenied", 403),
    ):
        wire.error(code, status=status)
        with pytest.raises(ClientError):
            clients.bedrock.invoke_model(modelId="m", body="{}")
    figures = parse_figures(metrics)
    assert figures["cis_throttles_total", (("service", "bedrock-runtime"),)] == 2
    assert figures["cis_aws_calls_total", (("operation", "InvokeModel"), ("service", "bedrock-runtime"))] == 3


def test_a_call_without_an_answer_is_counted(clients: Clients, metrics: Metrics, wire: Any) -> None:
    wire.breaks(EndpointConnectionError(endpoint_url="https://s3"))
    with pytest.raises(EndpointConnectionError):
        clients.s3.get_object(Bucket="b", Key="k")
    figures = parse_figures(metrics)
    assert figures["cis_aws_calls_total", (("operation", "GetObject"), ("service", "s3"))] == 1


def test_a_repeated_request_is_a_retry_and_no_call(metrics: Metrics) -> None:
    counts = CallCounts(metrics=metrics)
    counts._count("needs-retry.s3.GetObject", None, 1)
    counts._count("needs-retry.s3.GetObject", None, 2)
    figures = parse_figures(metrics)
    assert figures["cis_aws_calls_total", (("operation", "GetObject"), ("service", "s3"))] == 1
    assert figures["cis_retries_total", (("service", "s3"),)] == 1


def test_renewals_are_counted_apart_and_for_no_document(
    clients: Clients, metrics: Metrics, wire: Any
) -> None:
    wire.answer({})
    with open_tally() as tally, renewals():
        clients.dynamodb.get_item(TableName="t", Key={"file_id": {"S": "f"}})
    labels = (("operation", "GetItem"), ("service", "dynamodb"))
    figures = parse_figures(metrics)
    assert (figures["cis_aws_calls_total", labels], figures["cis_renewal_calls_total", labels]) == (1, 1)
    assert not tally.calls


def test_a_poll_without_a_message_is_counted_apart(clients: Clients, metrics: Metrics, wire: Any) -> None:
    url = "https://sqs.us-east-1.amazonaws.com/1/q"
    wire.answer({})
    wire.answer({"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": ""}]})
    for _ in range(2):
        clients.sqs.receive_message(QueueUrl=url)
    figures = parse_figures(metrics)
    assert figures["cis_empty_polls_total", ()] == 1
    assert figures["cis_aws_calls_total", (("operation", "ReceiveMessage"), ("service", "sqs"))] == 2


def test_what_is_stored_is_counted_by_its_place_once_it_is_there(clients: Clients, wire: Any) -> None:
    stored = {"artifacts/a/pdf-k": 10, "thumbnails/a/k.webp": 20, "vectors/a/m": 30, "checkpoints/f/1": 40}
    with open_tally() as tally:
        for key, size_bytes in {**stored, "logs/i/day": 50}.items():
            wire.answer(b"")
            clients.s3.put_object(Bucket="results", Key=key, Body=b"x" * size_bytes)
        wire.answer(b"<Error><Code>AccessDenied</Code></Error>", status=403)
        with pytest.raises(ClientError):
            clients.s3.put_object(Bucket="results", Key="artifacts/b/pdf-k", Body=b"x")
    assert dict(tally.stored_bytes) == {"artifact": 10, "thumbnail": 20, "vectors": 30, "checkpoint": 40}
    assert tally.operations_by_service() == {"s3": {"PutObject": 6}}


def test_bedrock_hears_whose_document_it_is_outside_the_signature(clients: Clients, wire: Any) -> None:
    wire.answer({})
    trace = replace(make_trace(correlation="req-1", traceparent=PARENT, delivery="m 1", first_seen_ms=0))
    with follow(trace):
        clients.bedrock.invoke_model(modelId="m", body="{}")
    headers = {name.lower(): _text(value) for name, value in wire.requests[-1].headers.items()}
    assert headers["x-request-id"] == "req-1"
    assert headers["traceparent"] == f"00-{TRACE_ID}-{trace.span_id}-01"
    assert headers["x-amzn-trace-id"].startswith(f"Root=1-{TRACE_ID[:8]}-")
    assert "request-id" not in headers.get("authorization", "")


def test_a_call_for_no_document_names_none(clients: Clients, wire: Any) -> None:
    wire.answer({})
    clients.bedrock.invoke_model(modelId="m", body="{}")
    assert "x-request-id" not in {name.lower() for name in wire.requests[-1].headers}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value

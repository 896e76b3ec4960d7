"""Ids that senders give their messages."""

from __future__ import annotations

import json

import pytest

from worker.aws.messages.trace_ids import NO_IDS, TraceIds, read_trace_ids

pytestmark = pytest.mark.unit

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def native(**metadata: object) -> str:
    return json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": "b", "s3Key": "k", "metadata": metadata})


def read(body: str = "{}", **attributes: str) -> TraceIds:
    return read_trace_ids(
        {
            name.replace("_", "-"): {"DataType": "String", "StringValue": value}
            for name, value in attributes.items()
        },
        body,
    )


@pytest.mark.parametrize("name", ["X_Request_ID", "x_request_id", "X_REQUEST_ID"])
def test_an_attribute_names_the_message_in_any_case(name: str) -> None:
    assert read(**{name: "req-1\r\n"}).request_id == "req-1"
    assert read(Traceparent=PARENT).traceparent == PARENT


@pytest.mark.parametrize("name", ["X-Request-ID", "x-request-id", "requestId", "request_id"])
def test_metadata_of_a_native_body_names_it_where_no_attribute_does(name: str) -> None:
    body = native(**{name: "req-2", "traceparent": PARENT})
    assert read(body) == TraceIds(request_id="req-2", traceparent=PARENT)
    assert read(body, X_Request_ID="req-1") == TraceIds(request_id="req-1", traceparent=PARENT)


def test_the_envelope_of_sns_names_it() -> None:
    body = json.dumps(
        {
            "Type": "Notification",
            "Message": "{}",
            "MessageAttributes": {"X-Request-ID": {"Type": "String", "Value": "req-3"}},
        }
    )
    assert read(body).request_id == "req-3"


@pytest.mark.parametrize(
    "body",
    [
        "no json about traceparent",
        '["requestId"]',
        '{"metadata": "requestId", "MessageAttributes": {"traceparent": 1}}',
        native(requestId=7, traceparent=["x"]),
        native(requestId="営業"),
        native(requestId="x") + " " * 70_000,
    ],
)
def test_what_names_nothing_valid_is_no_id(body: str) -> None:
    assert read(body) == NO_IDS


def test_a_copy_gets_the_attributes_that_are_there() -> None:
    assert NO_IDS.attributes() == {}
    assert TraceIds(request_id="r", traceparent=PARENT).attributes() == {
        "X-Request-ID": "r",
        "traceparent": PARENT,
    }

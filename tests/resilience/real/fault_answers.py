"""What a service answers when it refuses or fails: status, headers and body in the form of that service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Service(StrEnum):
    """The services of a worker, in the order of a document's way."""

    S3 = "s3"
    SQS = "sqs"
    DYNAMODB = "dynamodb"
    OPENSEARCH = "opensearch"
    BEDROCK = "bedrock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


_DENIED = "User: arn:aws:sts::000000000000:assumed-role/worker/i-0 is not authorized to perform this action"
_FAILED = "We encountered an internal error. Please try again."
_REQUEST_ID = {"x-amzn-RequestId": "00000000-0000-4000-8000-000000000000"}


def refusal(service: Service) -> Answer:
    """A 403, as after an edited role, an endpoint policy or a denied key."""
    match service:
        case Service.S3:
            return _xml(403, "AccessDenied", "Access Denied")
        case Service.SQS:
            return _json(403, _coral("AccessDeniedException", _DENIED), error="AccessDenied;Sender")
        case Service.DYNAMODB:
            return _json(403, _coral("AccessDeniedException", _DENIED))
        case Service.BEDROCK:
            return _bedrock(403, "AccessDeniedException", _DENIED)
        case Service.OPENSEARCH:
            return _json(403, {"Message": _DENIED})


def failure(service: Service) -> Answer:
    """A 500."""
    match service:
        case Service.S3:
            return _xml(500, "InternalError", _FAILED)
        case Service.SQS:
            return _json(500, _coral("InternalFailure", _FAILED), error="InternalFailure;Receiver")
        case Service.DYNAMODB:
            body = {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": _FAILED}
            return _json(500, body)
        case Service.BEDROCK:
            return _bedrock(500, "InternalServerException", _FAILED)
        case Service.OPENSEARCH:
            return _json(500, {"error": {"type": "exception", "reason": _FAILED}, "status": 500})


def _xml(status: int, code: str, message: str) -> Answer:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>{error}'
    return Answer(status=status, body=body.encode(), headers={"Content-Type": "application/xml"})


def _json(status: int, body: Mapping[str, object], *, error: str = "") -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.0", **_REQUEST_ID}
    if error:
        headers["x-amzn-query-error"] = error
    return Answer(status=status, body=json.dumps(body).encode(), headers=headers)


def _coral(name: str, message: str) -> dict[str, object]:
    return {"__type": f"com.amazon.coral.service#{name}", "message": message}


def _bedrock(status: int, name: str, message: str) -> Answer:
    kind = f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind, **_REQUEST_ID}
    return Answer(status=status, body=json.dumps({"message": message}).encode(), headers=headers)

"""What may go wrong with one call of a service, and how the service's error looks on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from tests.resilience.sqs_wire import Answer


class Kind(Enum):
    """Where a call breaks."""

    DROP_REQUEST = auto()
    """The connection breaks before the service has the request."""
    DROP_ANSWER = auto()
    """The service did what was asked, and nobody learns of it."""
    DELAY = auto()
    """The request arrives late."""
    STATUS = auto()
    """The service refuses, with `status`."""
    FAIL_ENTRIES = auto()
    """A batch of SQS fails in part, with a 200."""
    STALL_BEFORE = auto()
    """The process stands still for `delay_s` with the request on its way."""
    STALL_AFTER = auto()
    """The process stands still for `delay_s` before it reads the answer."""
    DIE_BEFORE = auto()
    """The process is killed before the service has the request."""
    DIE_AFTER = auto()
    """The process is killed once the service did what was asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault; `status` is 403, 429, 500 or 503."""

    kind: Kind
    status: int = 503
    delay_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of a service; `number` counts all calls of the fleet, from 1."""

    number: int
    process: str
    service: str
    operation: str
    at: float
    method: str = "POST"

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"


FaultPlan = Callable[[Call], Fault | None]


def no_faults(_call: Call) -> Fault | None:
    """Everything works."""
    return None


_CODES = {
    "s3": {403: "AccessDenied", 429: "SlowDown", 500: "InternalError", 503: "ServiceUnavailable"},
    "sqs": {403: "AccessDenied", 429: "RequestThrottled", 500: "InternalFailure", 503: "ServiceUnavailable"},
    "dynamodb": {
        403: "AccessDeniedException",
        429: "ProvisionedThroughputExceededException",
        500: "InternalServerError",
        503: "ServiceUnavailable",
    },
    "bedrock-runtime": {
        403: "AccessDeniedException",
        429: "ThrottlingException",
        500: "InternalServerException",
        503: "ServiceUnavailableException",
    },
}
_STATUS_ON_THE_WIRE = {("s3", 429): 503, ("dynamodb", 429): 400, ("sqs", 429): 400, ("dynamodb", 403): 400}


def refusal(call: Call, status: int) -> Answer:
    """The answer of a service that refuses a call."""
    code = _CODES[call.service][status]
    on_the_wire = _STATUS_ON_THE_WIRE.get((call.service, status), status)
    if call.service == "s3":
        # The answer to a HEAD has no body, so nobody learns the code.
        body = b"" if call.method == "HEAD" else f"<Error><Code>{code}</Code></Error>".encode()
        return on_the_wire, {"Content-Type": "application/xml"}, body
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return on_the_wire, headers, json.dumps({"__type": code, "message": "made by the test"}).encode()

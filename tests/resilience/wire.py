"""Everything that a worker says to AWS, at botocore's before-send hook: the network of the simulation.

SQS is the strict one, S3 and DynamoDB are moto in this process, Bedrock has one vector for everything.
Serialisation, signing, retries and parsing are botocore's own.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from urllib3.response import HTTPResponse

from tests.resilience.faults import Call, Fault, FaultPlan, Kind, no_faults, refusal
from tests.resilience.scheduler import Killed, Scheduler
from tests.resilience.sqs_wire import Answer, SqsWire, chance

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from worker.aws.clients import Clients

ACCOUNT = "123456789012"
REGION = "us-east-1"
TABLE = "files"
_LATENCY_S = (0.002, 0.05)
_LOST_AFTER_S = 10.0
_VECTOR = b'{"embedding": [' + b", ".join([b"0.03125"] * 1024) + b"]}"
_NOTHING_PENDING = b'{"Count": 0, "ScannedCount": 0, "Items": []}'

_networks: list[Network] = []


def connect(clients: Clients) -> None:
    """Lead the calls of these clients through the network in use."""
    for client in (clients.sqs, clients.sqs_poll, clients.s3, clients.dynamodb, clients.bedrock):
        events = cast("BaseClient", client).meta.events
        # Every handler is called, not the first that answers: moto must not act a second time.
        events.unregister("before-send", cast("Any", botocore_stubber))
        events.register_first("before-send", cast("Any", _play))


def use(network: Network | None) -> None:
    """Put a network into use; None ends that."""
    _networks[:] = [] if network is None else [network]


def _play(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
    return _networks[0].play(request, event_name)


class Network:
    """The services, with the faults of a plan. At each call other threads come to their turn."""

    def __init__(self, scheduler: Scheduler, sqs: SqsWire) -> None:
        self._scheduler = scheduler
        self._sqs = sqs
        self.plan: FaultPlan = no_faults
        self.calls: list[str] = []
        self.embedded: Counter[bytes] = Counter()
        self.ends: set[str] = set()
        """What the events of all end states that were committed have as their id."""

    def play(self, request: AWSPreparedRequest, event_name: str) -> AWSResponse:
        """Answer one request of botocore."""
        _, service, operation = event_name.split(".", 2)
        call = self.begin(service, _label(operation, request), str(request.method))
        fault = self.meet_plan(call, request.url)
        if fault is not None and fault.kind is Kind.STATUS:
            return _response(request, refusal(call, fault.status))
        if fault is not None and operation == "ReceiveMessage" and _is_lost(fault):
            # The client is gone, the poll is not.
            self._sqs.open_poll(cast("bytes", request.body))
            self.end(call, fault, request.url)
        response = self._perform(call, request, fault)
        self.end(call, fault, request.url)
        return response

    def begin(self, service: str, operation: str, method: str = "POST") -> Call:
        """Count a call; raises Killed for a dead process, of which no call may have an effect."""
        scheduler = self._scheduler
        scheduler.check_alive()
        process = scheduler.current.process.name
        call = Call(
            number=len(self.calls) + 1,
            process=process,
            service=service,
            operation=operation,
            at=scheduler.now,
            method=method,
        )
        self.calls.append(f"{scheduler.now:.2f} {scheduler.current} {call.name}")
        return call

    def meet_plan(self, call: Call, url: str) -> Fault | None:
        """Let the request travel, and the faults happen that come before the effect."""
        fault = self.plan(call)
        if fault is not None:
            self.calls[call.number - 1] += f" {fault.kind.name} {fault.status}"
        scheduler = self._scheduler
        scheduler.elapse(scheduler.random.uniform(*_LATENCY_S))
        if fault is not None:
            self._meet(fault, url)
        return fault

    def _meet(self, fault: Fault, url: str) -> None:
        """Break a call before its effect, where the fault says so."""
        match fault.kind:
            case Kind.DIE_BEFORE:
                self.die()
            case Kind.DROP_REQUEST:
                raise EndpointConnectionError(endpoint_url=url)
            case Kind.DELAY:
                self._scheduler.elapse(fault.delay_s)
            case Kind.STALL_BEFORE:
                self._stall(fault.delay_s)

    def end(self, call: Call, fault: Fault | None, url: str) -> None:
        """Let the answer travel, and the faults happen that come after the effect."""
        scheduler = self._scheduler
        if fault is not None and fault.kind is Kind.DIE_AFTER:
            self.die()
        if fault is not None and fault.kind is Kind.STALL_AFTER:
            self._stall(fault.delay_s)
        if fault is not None and fault.kind is Kind.DROP_ANSWER:
            if scheduler.random.random() < 0.5:
                raise ConnectionClosedError(endpoint_url=url)
            scheduler.elapse(_LOST_AFTER_S)
            raise ReadTimeoutError(endpoint_url=url)
        if call.operation != "ReceiveMessage":
            scheduler.elapse(scheduler.random.uniform(*_LATENCY_S))

    def _stall(self, seconds: float) -> None:
        self._scheduler.pause(self._scheduler.current.process, seconds)
        self._scheduler.elapse(seconds)

    def die(self) -> None:
        """Kill the process that makes the call."""
        process = self._scheduler.current.process
        self._scheduler.kill(process)
        raise Killed(process.name)

    def _perform(self, call: Call, request: AWSPreparedRequest, fault: Fault | None) -> AWSResponse:
        match call.service:
            case "sqs":
                return _response(request, self._sqs_answer(call, request, fault))
            case "bedrock-runtime":
                self.embedded[cast("bytes", request.body)] += 1
                return _response(request, (200, {"Content-Type": "application/json"}, _VECTOR))
        if call.name == "dynamodb.Query" and not has_pending_rows():
            # Sixteen queries a step of the replayer, and moto answers each in milliseconds.
            headers = {"Content-Type": "application/x-amz-json-1.0"}
            return _response(request, (200, headers, _NOTHING_PENDING))
        response = botocore_stubber("before-send", request)
        assert response is not None, "moto is not in use"
        if call.operation == "Commit" and response.status_code == 200:
            self.ends.add(_end_of(cast("bytes", request.body)))
        return response

    def _sqs_answer(self, call: Call, request: AWSPreparedRequest, fault: Fault | None) -> Answer:
        is_partial = fault is not None and fault.kind is Kind.FAIL_ENTRIES
        self._sqs.fails_entry = chance(self._scheduler.random, 0.5 if is_partial else 0.0)
        return self._sqs.answer(call.operation, cast("bytes", request.body))


def has_pending_rows() -> bool:
    """Whether any row of the ledger waits for the replayer or with its event, seen without a call."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[TABLE]
    rows = cast("dict[str, Any]", table.items)
    return any("pending" in row.attrs for row in rows.values())


def _label(operation: str, request: AWSPreparedRequest) -> str:
    """The operation; of a write to the ledger also what it is for."""
    if operation != "UpdateItem":
        return operation
    values = json.loads(cast("bytes", request.body))["ExpressionAttributeValues"]
    if ":state" in values:
        return "Claim" if values[":state"] == {"S": "processing"} else "Commit"
    return "Checkpoint" if ":checkpoint" in values else "UpdateItem"


def _end_of(body: bytes) -> str:
    request = json.loads(body)
    values = request["ExpressionAttributeValues"]
    fence = values.get(":my_fence") or values[":seen"]
    return f"{request['Key']['file_id']['S']}-{fence['N']}-{values[':state']['S']}"


def _is_lost(fault: Fault) -> bool:
    return fault.kind in (Kind.DROP_ANSWER, Kind.DIE_AFTER)


def _response(request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
    status, headers, body = answer
    spelled = {"content-length": str(len(body)), **headers}
    raw = HTTPResponse(io.BytesIO(body), headers=spelled, status=status, preload_content=False)
    return AWSResponse(request.url, status, cast("Any", spelled), raw)

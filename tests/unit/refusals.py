"""Services that refuse: an answer at botocore's before-send hook, before moto sees the request."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError
from moto.sqs import models
from urllib3.response import HTTPResponse

from worker.aws.answers.hooks import AnswerHooks
from worker.resilience.resource_monitor import ResourceMonitor
from worker.resilience.source_gate import SourceGate

if TYPE_CHECKING:
    from tests.unit.world import World


@dataclass
class Refused:
    """How many requests were refused."""

    count: int = 0


def make_gate(world: World) -> SourceGate:
    """The gate of a world's source buckets, on its clock."""
    return SourceGate(world.source_buckets, clock=world.clock)


def monitor_resources(world: World, table: str, results: str) -> ResourceMonitor:
    """The monitor of a world's own resources, hooked into its clients as the worker does it."""
    # The consumer, and with it its shutdown, needs the monitor first.
    monitor = ResourceMonitor(fail=lambda error: _fail(world, error), clock=world.clock)
    names = {world.queue_url: "queue", world.dlq_url: "dead-letter queue", table: "table", results: "results"}
    AnswerHooks(monitor=monitor, resources=names).register(world.clients)
    return monitor


def _fail(world: World, error: Exception) -> None:
    world.consumer.shutdown.fail(error)


@contextmanager
def refuse(
    world: World,
    client: str,
    operation: str = "",
    *,
    status: int = 403,
    code: str = "AccessDenied",
    when: Callable[[AWSPreparedRequest], bool] = lambda _request: True,
) -> Iterator[Refused]:
    """Have the calls of a client that `when` picks answered by an error, inside the block."""
    refused = Refused()

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        if not when(request):
            return None
        refused.count += 1
        body, headers = _body(client, request, code), {"x-amzn-errortype": code}
        raw = HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
        return AWSResponse(request.url, status, cast("Any", headers), raw)

    name = f"before-send.{client}" + (f".{operation}" if operation else "")
    events = getattr(world.clients, client.replace("-", "_")).meta.events
    events.register_first(name, answer)
    try:
        yield refused
    finally:
        events.unregister(name, answer)


def _body(client: str, request: AWSPreparedRequest, code: str) -> bytes:
    if request.method == "HEAD":
        return b""
    if client == "s3":
        return f"<Error><Code>{code}</Code><Message>the reason</Message></Error>".encode()
    return json.dumps({"__type": code, "message": "the reason"}).encode()


def share_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the fake SQS count by the test's clock: hidden messages come back when that says so."""
    began_s, began = time.time(), world.clock.now
    monkeypatch.setattr(models, "unix_time", lambda: began_s + world.clock.now - began)
    monkeypatch.setattr(models, "unix_time_millis", lambda: 1000.0 * (began_s + world.clock.now - began))


def received_by(world: World) -> float:
    """How many messages the worker has received so far."""
    return float(world.metrics.received._value.get())


def pass_time(world: World, seconds: int, *, step_s: int = 5) -> None:
    """Let the worker work for some seconds of its clock, as fast as it can."""
    for _ in range(0, seconds, step_s):
        received = -1.0
        while received != received_by(world):
            received = received_by(world)
            world.work()
        world.clock.now += step_s


def cut_off(client: BaseClient, operation: str, times: int, *, after: int) -> None:
    """The next calls of an operation, but for the first `after`, never reach the service."""
    calls = [0]

    def refuse(**_: Any) -> None:
        calls[0] += 1
        if after < calls[0] <= after + times:
            raise EndpointConnectionError(endpoint_url="x")

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"before-send.{service}.{operation}", refuse)

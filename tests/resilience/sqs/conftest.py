"""A strict SQS, and the production QueueManager that talks to it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from urllib3.response import HTTPResponse

from tests.resilience.clock import ManualClock
from tests.resilience.sqs_wire import SqsWire
from tests.resilience.strict_sqs import Queue, StrictSqs
from worker.aws.queue_manager import QueueManager

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/work"
DLQ_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
DAY_S = 86_400

CodeOf = Callable[[Callable[[], object]], str]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sqs(clock: ManualClock) -> StrictSqs:
    strict = StrictSqs(clock, Random(7))
    strict.create(URL, visibility_s=30).dead_letters = strict.create(DLQ_URL, retention_s=14 * DAY_S)
    return strict


@pytest.fixture
def wire(sqs: StrictSqs, clock: ManualClock) -> SqsWire:
    return SqsWire(sqs, clock)


@pytest.fixture
def work(sqs: StrictSqs) -> Queue:
    return sqs.queue(URL)


@pytest.fixture
def client(wire: SqsWire, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQSClient]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")

    def play(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        status, headers, body = wire.answer(event_name.rsplit(".", 1)[-1], cast("bytes", request.body))
        raw = HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
        return AWSResponse(request.url, status, cast("Any", headers), raw)

    made = boto3.client("sqs", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
    made.meta.events.register_first("before-send.sqs", cast("Any", play))
    yield made
    made.close()


@pytest.fixture
def manager(client: SQSClient, clock: ManualClock) -> QueueManager:
    return QueueManager(client, queue_url=URL, dlq_url=DLQ_URL, visibility_s=120, clock=lambda: clock.now)


@pytest.fixture
def code_of() -> CodeOf:
    """The code of the error that a call raises."""

    def error_code(call: Callable[[], object]) -> str:
        with pytest.raises(ClientError) as raised:
            call()
        return raised.value.response["Error"]["Code"]

    return error_code

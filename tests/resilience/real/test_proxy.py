"""The proxy's own tests: what reaches the service, and what the client sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.resilience.real.fault_answers import Service
from tests.resilience.real.proxy import Exchange, Fault, FaultProxy, Rule
from worker.embedded.http_server import LocalHttpServer, Request, Response

pytestmark = pytest.mark.resilience

_CLIENT_S = 60.0


class Recorder:
    """A service that records what reaches it, and repeats the body."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.server = LocalHttpServer(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(body=request.body or b"nothing", headers={"ETag": '"e"'})


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    with made.server:
        yield made


@pytest.fixture
def proxy(recorder: Recorder) -> Iterator[FaultProxy]:
    with FaultProxy(recorder.server.url, Service.S3, seed=7) as made:
        yield made


def test_a_request_and_its_answer_pass_unchanged(proxy: FaultProxy, recorder: Recorder) -> None:
    answer = requests.put(f"{proxy.url}/a%2Fb?x=1", data=b"body", headers={"X-One": "1"}, timeout=_CLIENT_S)
    (request,) = recorder.requests
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"body", '"e"')
    assert (request.method, request.path, request.body) == ("PUT", "/a%2Fb", b"body")
    assert (request.headers["x-one"], request.headers["host"]) == ("1", proxy.url.removeprefix("http://"))


def test_a_body_in_chunks_passes(proxy: FaultProxy) -> None:
    answer = requests.post(proxy.url, data=iter([b"one ", b"two"]), timeout=_CLIENT_S)
    assert answer.content == b"one two"


def test_the_answer_to_a_head_keeps_its_length_and_has_no_body(proxy: FaultProxy) -> None:
    answer = requests.head(proxy.url, timeout=_CLIENT_S)
    assert (answer.headers["Content-Length"], answer.content) == ("7", b"")
    assert requests.get(proxy.url, timeout=_CLIENT_S).content == b"nothing"


@pytest.mark.parametrize(("fault", "effects"), [(Fault.DROP_REQUEST, 0), (Fault.DROP_ANSWER, 1)])
def test_a_lost_request_has_no_effect_and_a_lost_answer_has(
    proxy: FaultProxy, recorder: Recorder, fault: Fault, effects: int
) -> None:
    proxy.control(Rule(fault=fault))
    with pytest.raises(requests.ConnectionError):
        requests.put(proxy.url, data=b"x", timeout=_CLIENT_S)
    assert len(recorder.requests) == effects
    assert proxy.counts == {("PUT", fault): 1}


def test_rules_hit_a_share_of_the_named_operations_and_the_seed_decides(recorder: Recorder) -> None:
    def hits(seed: int) -> list[int]:
        with FaultProxy(recorder.server.url, Service.S3, seed=seed) as proxy:
            proxy.control(Rule(fault=Fault.FAIL, rate=0.5, only=("GET",)))
            assert requests.put(proxy.url, timeout=_CLIENT_S).status_code == 200
            return [requests.get(proxy.url, timeout=_CLIENT_S).status_code for _ in range(40)]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 8 < hits(1).count(500) < 32


@pytest.mark.parametrize(("fault", "effects"), [(Fault.HANG, 0), (Fault.DELAY, 1)])
def test_a_held_request_ends_with_the_next_change_of_the_rules(
    proxy: FaultProxy, recorder: Recorder, fault: Fault, effects: int
) -> None:
    proxy.control(Rule(fault=fault))
    with pytest.raises(requests.ReadTimeout):
        requests.put(proxy.url, timeout=0.3)
    assert recorder.requests == []
    ends: list[str] = []

    def hold() -> None:
        try:
            ends.append(str(requests.put(proxy.url, timeout=_CLIENT_S).status_code))
        except requests.ConnectionError:
            ends.append("closed")

    threading.Thread(target=hold, daemon=True).start()
    _until(lambda: proxy.count(fault) == 2)
    proxy.control()
    _until(lambda: ends == ["200" if effects else "closed"])
    # A delayed request arrives even though its client has gone.
    _until(lambda: len(recorder.requests) == 2 * effects)


def test_a_hang_ends_by_itself(proxy: FaultProxy) -> None:
    proxy.control(Rule(fault=Fault.HANG, hold_s=0.1))
    with pytest.raises(requests.ConnectionError):
        requests.get(proxy.url, timeout=_CLIENT_S)


def test_what_had_an_effect_is_observed_whether_or_not_the_client_hears_of_it(recorder: Recorder) -> None:
    seen: list[Exchange] = []
    with FaultProxy(recorder.server.url, Service.SQS, on_exchange=seen.append) as proxy:
        headers = {"X-Amz-Target": "AmazonSQS.SendMessage"}
        for fault in (Fault.PASS, Fault.DROP_REQUEST, Fault.DROP_ANSWER):
            proxy.control(Rule(fault=fault))
            if fault is Fault.PASS:
                requests.post(proxy.url, data=b"m", headers=headers, timeout=_CLIENT_S)
                continue
            with pytest.raises(requests.ConnectionError):
                requests.post(proxy.url, data=b"m", headers=headers, timeout=_CLIENT_S)
    assert [(one.operation, one.request, one.fault) for one in seen] == [
        ("SendMessage", b"m", Fault.PASS),
        ("SendMessage", b"m", Fault.DROP_ANSWER),
    ]


@pytest.mark.parametrize(
    ("service", "call", "refused", "failed"),
    [
        (Service.S3, lambda c: c.get_object(Bucket="b", Key="k"), "AccessDenied", "InternalError"),
        (Service.S3, lambda c: c.head_object(Bucket="b", Key="k"), "403", "500"),
        (
            Service.SQS,
            lambda c: c.receive_message(QueueUrl="http://q/0/q"),
            "AccessDenied",
            "InternalFailure",
        ),
        (Service.DYNAMODB, lambda c: c.list_tables(), "AccessDeniedException", "InternalServerError"),
        (
            Service.BEDROCK,
            lambda c: c.invoke_model(modelId="m", body=b"{}"),
            "AccessDeniedException",
            "InternalServerException",
        ),
    ],
)
def test_botocore_reads_refusals_and_failures_as_those_of_the_service(
    recorder: Recorder, service: Service, call: Callable[[Any], object], refused: str, failed: str
) -> None:
    name = "bedrock-runtime" if service is Service.BEDROCK else service.value
    with FaultProxy(recorder.server.url, service) as proxy:
        client = boto3.client(  # type: ignore[call-overload]
            name,
            endpoint_url=proxy.url,
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        codes = []
        for fault in (Fault.REFUSE, Fault.FAIL):
            proxy.control(Rule(fault=fault))
            with pytest.raises(ClientError) as error:
                call(client)
            codes.append(error.value.response["Error"]["Code"])
        proxy.control(Rule(fault=Fault.DROP_REQUEST))
        with pytest.raises(ConnectionClosedError):
            call(client)
    assert codes == [refused, failed]
    assert recorder.requests == []


def test_a_service_that_is_down_closes_the_connection() -> None:
    with FaultProxy("http://127.0.0.1:9", Service.S3) as proxy, pytest.raises(requests.ConnectionError):
        requests.get(proxy.url, timeout=_CLIENT_S)


def _until(done: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(1_200):
        if done():
            return
        tick.wait(0.05)
    raise AssertionError("it did not happen in time")

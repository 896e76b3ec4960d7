"""IndexManager against a scripted server: retries, breaker, items, missing indices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.stand_ins.missing_index import ERROR, MISSING_INDEX
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import LeaseLostError, MisconfiguredError, RejectedError, ThrottledError, UnavailableError
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.models.document import Document, Vectors
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

MakeDocument = Callable[..., Document]
OK = {"status": 201}
BUSY = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue full"}}
MISSING = {"status": 404, "error": ERROR}
UNPARSABLE = {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "failed to parse"}}
STALE = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "stale"}}


@dataclass
class Cluster:
    """Responds to bulk requests from `items`, one list per request (None: 503), and records requests."""

    items: list[list[dict[str, Any]] | None]
    written: list[list[dict[str, Any]]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        if request.path.endswith("/_bulk"):
            return self._bulk(request)
        if request.method == "HEAD":
            return Response(status=404)
        if request.path.endswith("/_mapping"):
            return MISSING_INDEX
        if request.method == "PUT":
            self.made.append(request.path)
        return Response(body=b'{"acknowledged": true}')

    def _bulk(self, request: Request) -> Response:
        lines = [json.loads(line) for line in request.body.decode().splitlines()]
        self.written.append([line["index"] for line in lines[::2]])
        answers = self.items.pop(0) if self.items else [OK] * len(lines[::2])
        if answers is None:
            return Response(status=503, body=b"{}")
        body = {"items": [{"index": {"_id": "f", **item}} for item in answers]}
        return Response(body=json.dumps(body).encode())


@dataclass
class Setup:
    cluster: Cluster
    index: IndexManager
    waits: list[float]
    breaker: CircuitBreaker


@pytest.fixture
def make() -> Iterator[Callable[..., Setup]]:
    servers: list[LocalHttpServer] = []

    def build(*items: list[dict[str, Any]] | None) -> Setup:
        cluster = Cluster(items=list(items))
        server = LocalHttpServer(cluster.answer)
        server.start()
        servers.append(server)
        waits: list[float] = []
        breaker = CircuitBreaker(failure_threshold=3, expected_exception=UnavailableError)
        retry = RetryHandler(max_retries=2, initial_delay=1.0, wait=waits.append, random=lambda: 0.0)
        index = IndexManager(
            connect(server.url), policy=IndexPolicy(breaker=breaker, retry=retry), prefix="t-"
        )
        return Setup(cluster=cluster, index=index, waits=waits, breaker=breaker)

    yield build
    for server in servers:
        server.stop()


@pytest.fixture
def document(make_document: MakeDocument) -> Document:
    return make_document("a.pdf", "text")


def test_a_write_carries_its_version_and_never_auto_creates_an_index(
    make: Callable[..., Setup], document: Document
) -> None:
    setup = make()
    setup.index.index_document(document, version=7)
    files, images = setup.cluster.written[0]
    assert (files["_index"], images["_index"]) == ("t-files", "t-images")
    assert {(each["version"], each["version_type"]) for each in (files, images)} == {(7, "external_gte")}


def test_a_first_write_without_a_picture_leaves_the_images_alone(
    make: Callable[..., Setup], document: Document, make_document: MakeDocument
) -> None:
    setup = make()
    setup.index.index_document(document, version=1)
    setup.index.index_document(make_document("b.jpg", vectors=Vectors(image=(1.0,) * 1024)), version=1)
    assert [[each["_index"] for each in request] for request in setup.cluster.written] == [
        ["t-files"],
        ["t-files", "t-images"],
    ]


def test_a_write_refused_with_429_is_retried(make: Callable[..., Setup], document: Document) -> None:
    setup = make([BUSY], [BUSY], [OK])
    setup.index.index_document(document, version=1)
    assert len(setup.cluster.written) == 3
    assert setup.waits == [1.0, 2.0]
    assert setup.breaker.state == "CLOSED"


def test_a_cluster_that_keeps_sending_429_is_throttling(
    make: Callable[..., Setup], document: Document
) -> None:
    setup = make(*[[BUSY]] * 3)
    with pytest.raises(ThrottledError, match="queue full"):
        setup.index.index_document(document, version=1)


def test_only_what_was_not_written_is_sent_again(
    make: Callable[..., Setup], make_document: MakeDocument
) -> None:
    setup = make([OK, BUSY, UNPARSABLE, STALE], [OK])
    documents = [(make_document(name, "text"), 1) for name in ("a", "b", "c", "d")]
    results = setup.index.bulk(documents)
    assert [type(result) for result in results] == [type(None), type(None), RejectedError, LeaseLostError]
    assert [len(request) for request in setup.cluster.written] == [4, 1]


def test_a_document_the_mapping_refuses_does_not_affect_others(
    make: Callable[..., Setup], document: Document
) -> None:
    setup = make([UNPARSABLE])
    with pytest.raises(RejectedError, match="failed to parse"):
        setup.index.index_document(document, version=1)
    setup.index.index_document(document, version=1)


def test_a_stale_version_is_refused(make: Callable[..., Setup], document: Document) -> None:
    setup = make([OK, STALE])
    with pytest.raises(LeaseLostError, match="version 4 is stale"):
        setup.index.index_document(document, version=4)


def test_missing_indices_are_created_once_and_the_write_succeeds(
    make: Callable[..., Setup], document: Document
) -> None:
    setup = make([MISSING], [OK])
    setup.index.index_document(document, version=1)
    assert setup.cluster.made == ["/t-files-v2", "/t-images-v1"]


def test_an_index_that_stays_missing_is_an_outage_not_a_loss(
    make: Callable[..., Setup], document: Document
) -> None:
    setup = make(*[[MISSING]] * 3)
    with pytest.raises(UnavailableError, match="no such index"):
        setup.index.index_document(document, version=1)


def test_a_field_that_stays_unknown_stops_the_worker(make: Callable[..., Setup], document: Document) -> None:
    unknown = {
        "status": 400,
        "error": {"type": "strict_dynamic_mapping_exception", "reason": "[label] is new"},
    }
    setup = make(*[[unknown]] * 3)
    with pytest.raises(MisconfiguredError, match="CIS_INDEX_PREFIX"):
        setup.index.index_document(document, version=1)


def test_an_outage_opens_the_breaker_which_then_fails_at_once(
    make: Callable[..., Setup], document: Document
) -> None:
    setup = make(*[None] * 10)
    with pytest.raises(UnavailableError):
        setup.index.index_document(document, version=1)
    calls = len(setup.cluster.written)
    with pytest.raises(CircuitOpenError):
        setup.index.index_document(document, version=1)
    with pytest.raises(CircuitOpenError):
        setup.index.search("text")
    assert len(setup.cluster.written) == calls == 3


def test_a_vector_of_another_length_or_of_zeros_is_not_searched(make: Callable[..., Setup]) -> None:
    setup = make()
    assert setup.index.similar((1.0, 2.0)) == setup.index.similar((0.0,) * 1024) == []


def test_an_endpoint_that_refuses_connections_is_an_outage(document: Document) -> None:
    policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler(max_retries=0))
    with pytest.raises(UnavailableError):
        IndexManager(connect("http://127.0.0.1:9"), policy=policy).index_document(document, version=1)


def test_a_wrong_password_stops_the_worker(document: Document) -> None:
    with LocalHttpServer(lambda _: Response(status=401, body=b"Unauthorized")) as server:
        policy = IndexPolicy(
            breaker=CircuitBreaker(expected_exception=UnavailableError), retry=RetryHandler(max_retries=2)
        )
        with pytest.raises(MisconfiguredError, match="CIS_OPENSEARCH_AUTH"):
            IndexManager(connect(server.url), policy=policy).index_document(document, version=1)

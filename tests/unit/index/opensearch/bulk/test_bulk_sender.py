"""Bulk requests that are too large, and an index that takes no writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import ServiceRefusedError, ThrottledError, UnavailableError
from worker.index.opensearch.bulk.bulk_sender import BulkSender
from worker.index.opensearch.bulk.bulk_writer import BulkAction, make_action
from worker.index.opensearch.calls import IndexPolicy
from worker.index.opensearch.client import IndexBlockedError, connect
from worker.index.opensearch.provisioning import IndexMaker
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitState
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

FLOOD = "disk usage exceeded flood-stage watermark, index has read-only-allow-delete block"
BLOCKED = {"status": 429, "error": {"type": "cluster_block_exception", "reason": FLOOD}}
BUSY = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue full"}}
TOO_LARGE = {"status": 413, "error": {"type": "too_large", "reason": "too large"}}


@dataclass
class Cluster:
    """Takes bulk requests up to a size, answers their items with `item`, and refuses all others."""

    limit_bytes: int = 1_000_000
    item: dict[str, Any] | None = None
    requests: list[list[str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        if request.path != "/_bulk":
            self.others.append(request.path)
            return Response(status=403, body=b'{"Message": "not permitted"}')
        lines = [json.loads(line) for line in request.body.splitlines()]
        ids = [line["index"]["_id"] for line in lines[::2]]
        self.requests.append(ids)
        if len(request.body) > self.limit_bytes:
            return Response(status=413, body=b"<html>", content_type="text/html")
        self.written += ids
        self.entries += lines[1::2]
        items = [{"index": {"_id": each, "status": 201, **(self.item or {})}} for each in ids]
        return Response(body=json.dumps({"items": items}).encode())


@dataclass
class Setup:
    cluster: Cluster
    sender: BulkSender
    breaker: CircuitBreaker

    def send(self, *actions: BulkAction) -> list[object]:
        return list(self.sender.send(actions, refresh=False))


Make = Callable[[Cluster], Setup]


@pytest.fixture
def make() -> Iterator[Make]:
    servers: list[LocalHttpServer] = []

    def build(cluster: Cluster) -> Setup:
        server = LocalHttpServer(cluster.answer)
        server.start()
        servers.append(server)
        client = connect(server.url)
        breaker = CircuitBreaker(failure_threshold=3, expected_exception=UnavailableError)
        policy = IndexPolicy(breaker=breaker, retry=RetryHandler(max_retries=2, wait=lambda _: None))
        maker = IndexMaker(client, prefix="", shards=1, text_dimension=None)
        sender = BulkSender(client, policy=policy, maker=maker, prefix="")
        return Setup(cluster=cluster, sender=sender, breaker=breaker)

    yield build
    for server in servers:
        server.stop()


def action(name: str, *, chars: int = 100, **fields: object) -> BulkAction:
    source = {"state": "indexed", "ocr_text": "x" * chars, "pages": [{"text": "x"}], **fields}
    return make_action("files", name, 1, source)


def test_a_request_that_is_too_large_is_sent_in_halves(make: Make) -> None:
    setup = make(Cluster(limit_bytes=700))
    assert setup.send(*(action(name) for name in "abcdefgh")) == [None] * 8
    assert sorted(setup.cluster.written) == list("abcdefgh")
    assert setup.cluster.others == []


def test_a_size_that_was_refused_is_not_sent_again(make: Make) -> None:
    setup = make(Cluster(limit_bytes=700))
    setup.send(*(action(name) for name in "abcdefgh"))
    setup.cluster.requests.clear()
    setup.cluster.written.clear()
    setup.send(*(action(name) for name in "ijklmnop"))
    assert sorted(setup.cluster.written) == list("ijklmnop")
    assert sum(map(len, setup.cluster.requests)) == 8


def test_large_documents_lower_the_limit_once_and_are_not_sent_whole_again(make: Make) -> None:
    setup = make(Cluster(limit_bytes=150_000))
    for number in range(6):
        assert setup.send(action(f"large{number}", chars=400_000, file_name="a.pdf")) == [None]
    # The first was sent whole; each then came by its name only, as this cluster takes no parts.
    assert [len(ids) for ids in setup.cluster.requests] == [1] * 7
    setup.cluster.requests.clear()
    setup.send(*(action(f"small{number}", chars=40_000) for number in range(3)))
    assert [len(ids) for ids in setup.cluster.requests] == [3]


def test_parts_are_no_smaller_than_any_cluster_takes(make: Make) -> None:
    cluster = Cluster(limit_bytes=150_000)
    sizes: list[int] = []

    def take_parts(request: Request) -> Response:
        if request.path == "/_bulk":
            return cluster.answer(request)
        sizes.append(len(request.body))
        return Response(body=b'{"failures": [], "version_conflicts": 0, "total": 1}')

    with LocalHttpServer(take_parts) as server:
        client = connect(server.url)
        policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler(max_retries=0))
        maker = IndexMaker(client, prefix="", shards=1, text_dimension=None)
        sender = BulkSender(client, policy=policy, maker=maker, prefix="")
        for name in "abcdef":
            assert list(sender.send([action(name, chars=151_000)], refresh=False)) == [None]
    # Two parts of the text for each, and small requests before and after.
    assert sum(size > 30_000 for size in sizes) == 18


def test_a_document_that_is_too_large_does_not_cost_its_neighbours(make: Make) -> None:
    setup = make(Cluster(limit_bytes=700))
    assert setup.send(action("a"), action("large", chars=5_000), action("b")) == [None] * 3
    assert set(setup.cluster.written) == {"a", "large", "b"}


@pytest.mark.parametrize("cluster", [Cluster(limit_bytes=700), Cluster(limit_bytes=700, item=TOO_LARGE)])
def test_where_no_parts_are_taken_the_entry_has_the_name_and_the_reason(make: Make, cluster: Cluster) -> None:
    setup = make(cluster)
    setup.send(action("large", chars=5_000, file_name="a.pdf"))
    entry = setup.cluster.entries[-1]
    assert (entry["state"], entry["reason"], entry["file_name"]) == ("partial", "index_rejected", "a.pdf")
    assert "http.max_content_length" in entry["reason_message"]
    assert "ocr_text" not in entry


def test_an_entry_without_text_that_is_too_large_waits_for_the_operator(make: Make) -> None:
    setup = make(Cluster(limit_bytes=100))
    (error,) = setup.send(action("a", pages=[]))
    assert isinstance(error, ServiceRefusedError)
    assert setup.cluster.written == []


def test_an_index_that_takes_no_writes_opens_the_breaker(make: Make) -> None:
    setup = make(Cluster(item=BLOCKED))
    with pytest.raises(IndexBlockedError, match=r"flood-stage watermark.*Free disk space"):
        setup.send(action("a"), action("b"))
    assert setup.breaker.state is CircuitState.OPEN


def test_a_busy_cluster_does_not_open_the_breaker(make: Make) -> None:
    setup = make(Cluster(item=BUSY))
    with pytest.raises(ThrottledError, match="queue full"):
        setup.send(action("a"))
    assert setup.breaker.state is CircuitState.CLOSED

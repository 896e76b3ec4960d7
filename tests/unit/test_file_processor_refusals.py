"""A search index that refuses: its documents stay pending, or are tried again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.stand_ins.missing_index import MISSING_INDEX
from tests.unit.refusals import pass_time, share_clock
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import ServiceRefusedError, UnavailableError
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.models.ledger import State
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@dataclass
class Cluster:
    """Refuses requests with `status`, or single documents with `item`."""

    status: int = 200
    item: int = 201

    def answer(self, request: Request) -> Response:
        if self.status != 200:
            return Response(status=self.status, body=b"{}")
        if request.path.endswith("/_mapping"):
            return MISSING_INDEX
        lines = request.body.decode().splitlines()[::2]
        error = {"error": {"type": "mapper_parsing_exception"}} if self.item >= 400 else {}
        items = [{"index": {"_id": "f", "status": self.item, **error}} for _ in lines]
        return Response(body=json.dumps({"items": items}).encode())


@pytest.fixture
def cluster(live: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    share_clock(live, monkeypatch)
    cluster = Cluster()
    with LocalHttpServer(cluster.answer) as server:
        policy = IndexPolicy(
            breaker=CircuitBreaker(expected_exception=UnavailableError),
            retry=RetryHandler(max_retries=2, wait=live.clock.wait),
        )
        live.processor = replace(live.processor, index=IndexManager(connect(server.url), policy=policy))
        yield cluster


def announce(world: World, key: str) -> None:
    world.put(key, b"text")
    world.announce(key)


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_an_index_that_refuses_leaves_documents_pending_and_stops_nothing(
    live: World, cluster: Cluster, status: int
) -> None:
    cluster.status = status
    for key in ("a.txt", "b.txt"):
        announce(live, key)
        pass_time(live, 30)
    assert {live.row(key).state for key in ("a.txt", "b.txt")} == {State.INDEXED}
    assert all(live.row(key).index_pending for key in ("a.txt", "b.txt"))
    assert live.waiting() == 0
    assert not live.shutdown.is_requested
    cluster.status = 200
    announce(live, "c.txt")
    pass_time(live, 5)
    assert not live.row("c.txt").index_pending
    assert live.resources.troubles() == []


def test_an_index_that_refuses_for_long_stops_the_worker(live: World, cluster: Cluster) -> None:
    cluster.status = 403
    for number in range(5):
        announce(live, f"{number}.txt")
        pass_time(live, 50)
    assert isinstance(live.shutdown.failure, ServiceRefusedError)
    assert live.dead_letters() == []


def test_a_document_that_the_index_rejects_for_a_minute_is_indexed(live: World, cluster: Cluster) -> None:
    cluster.item = 400
    announce(live, "a.txt")
    pass_time(live, 60)
    assert live.dead_letters() == []
    assert live.row("a.txt").failures == 2
    cluster.item = 201
    pass_time(live, 60)
    assert live.row("a.txt").state is State.INDEXED


def test_a_document_that_the_index_keeps_rejecting_is_dead_lettered(live: World, cluster: Cluster) -> None:
    cluster.item = 400
    announce(live, "a.txt")
    pass_time(live, 120)
    assert [message["code"] for message in live.dead_letters()] == ["index_rejected"]
    assert live.row("a.txt").state is State.DEAD_LETTERED

"""Searches of a cluster that hangs, is slow, or is none."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.stand_ins.missing_index import MISSING_INDEX
from tests.unit.clock import Clock
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import UnavailableError
from worker.index.opensearch.calls import SEARCH_S, Deadline, IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

WHOLE = {"timed_out": False, "_shards": {"total": 2, "failed": 0}}
NOTHING = {
    **WHOLE,
    "hits": {"total": {"value": 0}, "hits": []},
    "aggregations": {"contents": {"value": 0}},
}
SLOW = {**NOTHING, "timed_out": True}
BROKEN = {**NOTHING, "_shards": {"total": 2, "failed": 1}}
VECTOR = (1.0,) * 1024

Ask = Callable[[IndexManager], object]
READS: list[Ask] = [
    lambda index: index.search("報告"),
    lambda index: index.similar(VECTOR),
    lambda index: index.document("id"),
    lambda index: index.find("a.pdf"),
]


@dataclass
class Cluster:
    """Answers each request with the next of `answers`, the last again and again; None: not at all."""

    answers: list[dict[str, Any] | None] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    server: LocalHttpServer | None = None

    def answer(self, request: Request) -> Response:
        if request.path.endswith("/_mapping") and "hits" in (self.answers[0] or {}):
            return MISSING_INDEX
        self.bodies.append(json.loads(request.body.splitlines()[0]) if request.body else {})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None and self.server is not None:
            self.server.pause(60.0)
        return Response(body=json.dumps(answer).encode())


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.server = LocalHttpServer(made.answer)
    with made.server:
        yield made


def make_index(cluster: Cluster, *, search_s: float = SEARCH_S) -> IndexManager:
    policy = IndexPolicy(
        breaker=CircuitBreaker(expected_exception=UnavailableError),
        retry=RetryHandler(max_retries=2, initial_delay=0.5, max_delay=5.0, wait=lambda _: None),
        search_s=search_s,
    )
    assert cluster.server is not None
    return IndexManager(connect(cluster.server.url), policy=policy)


@pytest.mark.parametrize("ask", READS)
def test_a_cluster_that_hangs_costs_a_searcher_the_time_of_one_search(cluster: Cluster, ask: Ask) -> None:
    cluster.answers = [None]
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="does not answer"):
        ask(make_index(cluster, search_s=0.4))
    assert time.monotonic() - began < 4.0  # far more than 0.4 s on a busy machine, far less than 15
    assert len(cluster.bodies) == 1


def test_the_searcher_of_a_worker_waits_for_five_seconds() -> None:
    policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler())
    assert policy.search_s == 5.0


def test_the_tiers_of_a_search_share_its_time(cluster: Cluster) -> None:
    cluster.answers = [NOTHING, None]
    with pytest.raises(UnavailableError):
        make_index(cluster, search_s=0.5).search("報告 契約")
    first, second = (float(body["timeout"].removesuffix("ms")) for body in cluster.bodies)
    assert second < first <= 400.0


def test_a_deadline_ends_before_a_request_could() -> None:
    clock = Clock()
    deadline = Deadline(5.0, clock=clock)
    clock.now += 4.0
    assert deadline.left_s == pytest.approx(1.0)
    clock.now += 1.0
    with pytest.raises(UnavailableError, match="within 5 s"):
        _ = deadline.left_s


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ([NOTHING], ""),
        ([SLOW], "did not look through everything in time"),
        ([BROKEN], "1 of 2 parts of the index did not answer"),
        ([BROKEN, NOTHING], "1 of 2 parts of the index did not answer"),
    ],
)
def test_partial_results_are_said_to_be_partial(
    cluster: Cluster, answers: list[dict[str, Any] | None], missing: str
) -> None:
    cluster.answers = answers
    found = make_index(cluster).search("報告 契約")
    assert missing in found.missing
    assert bool(found.missing) is bool(missing)


@pytest.mark.parametrize(
    "ask",
    [
        *READS[1:2],
        *READS[3:],
        lambda index: index.entries("sources"),
    ],
)
def test_a_part_of_the_index_is_not_taken_for_all_of_it(cluster: Cluster, ask: Ask) -> None:
    cluster.answers = [BROKEN]
    with pytest.raises(UnavailableError, match="1 of 2 parts"):
        ask(make_index(cluster))


@pytest.mark.parametrize("answer", [{}, [], "welcome", {"hits": {}}, {"items": 1}, {"docs": {}}])
@pytest.mark.parametrize(
    "ask",
    [
        *READS,
        lambda index: index.entries("sources"),
        lambda index: index.entry("id"),
        lambda index: index.tombstone("id", version=1),
        lambda index: index.purge("id", version=1),
    ],
)
def test_what_is_no_answer_of_opensearch_is_one_clear_line(cluster: Cluster, ask: Ask, answer: Any) -> None:
    cluster.answers = [answer]
    index = make_index(cluster, search_s=0.3)
    with pytest.raises(UnavailableError, match="not as OpenSearch answers") as caught:
        ask(index)
    assert "Set OPENSEARCH_ENDPOINT" in str(caught.value)
    assert "\n" not in str(caught.value)

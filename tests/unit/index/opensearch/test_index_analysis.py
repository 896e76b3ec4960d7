"""What the index says of its analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.stand_ins.missing_index import MISSING_INDEX
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import MisconfiguredError, UnavailableError
from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.opensearch.calls import ClusterCalls, Deadline, IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_analysis import IndexAnalysis
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit


@contextmanager
def asking(*answers: Response) -> Iterator[tuple[IndexAnalysis, list[float]]]:
    """An analysis asked of a server that gives these answers in turn, and the clock of it."""
    left, now = list(answers), [1_000.0]

    def answer(_: Request) -> Response:
        return left.pop(0)

    server = LocalHttpServer(answer)
    server.start()
    try:
        client = connect(server.url)
        retry = RetryHandler(max_retries=0, initial_delay=1.0, wait=lambda _: None)
        calls = ClusterCalls(client, IndexPolicy(breaker=CircuitBreaker(), retry=retry))
        yield IndexAnalysis(client, "files", calls=calls, clock=lambda: now[0]), now
    finally:
        server.stop()


def mapping(analysis: str | None) -> Response:
    meta = {"_meta": {"analysis": analysis}} if analysis else {}
    return Response(body=json.dumps({"files-v2": {"mappings": {**meta, "properties": {}}}}).encode())


def test_it_is_asked_for_once_a_minute() -> None:
    with asking(mapping("1 none"), mapping("1 other 2")) as (analysis, now):
        assert [str(analysis.current()) for _ in range(3)] == ["1 none"] * 3
        now[0] += 61.0
        assert str(analysis.current()) == "1 other 2"


def test_an_answer_of_something_else_is_an_outage() -> None:
    for deadline in (None, Deadline(5.0)):
        with asking(Response(body=b"{}")) as (analysis, _), pytest.raises(UnavailableError):
            analysis.current(deadline=deadline)


def test_an_index_that_is_still_to_be_made_gets_that_of_this_process() -> None:
    with asking(MISSING_INDEX) as (analysis, _):
        assert analysis.current() == OWN_ANALYSIS


def test_an_index_of_before_there_were_streams_is_refused_by_name() -> None:
    with (
        asking(mapping(None)) as (analysis, _),
        pytest.raises(MisconfiguredError, match="files-v2") as caught,
    ):
        analysis.current()
    assert "cis-worker reindex" in str(caught.value)

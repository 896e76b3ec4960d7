"""OpenSearch is killed and started again while documents flow and people search."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.build import built
from tests.servers.catalogue import OPENSEARCH
from tests.servers.fixtures import NAMED_SERVERS_ONLY, skip_or_fail
from tests.servers.kind import ServerError
from tests.servers.restarting import RestartableServer, restartable
from worker.errors import ThrottledError, UnavailableError
from worker.index.opensearch.calls import IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager
from worker.models.document import Document
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError
from worker.resilience.retry_handler import RetryHandler

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

MakeDocument = Callable[..., Document]

DOCUMENTS, THREADS = 200, 4
SEARCH_S = 5.0
# A search's own time, and what a busy machine adds to the wake-up of a thread.
LONGEST_SEARCH_S = SEARCH_S + 5.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestartableServer]:
    """One of this test's own: the others need theirs."""
    if os.environ.get(NAMED_SERVERS_ONLY):
        pytest.skip("this run uses the servers it is given, and none of those may be killed")
    try:
        built(OPENSEARCH)
    except ServerError as error:
        skip_or_fail(OPENSEARCH, str(error))
    with restartable(OPENSEARCH, tmp_path) as running:
        yield running


def open_manager(url: str) -> IndexManager:
    policy = IndexPolicy(
        breaker=CircuitBreaker(failure_threshold=5, timeout=0.5, expected_exception=UnavailableError),
        retry=RetryHandler(max_retries=2, initial_delay=0.05, max_delay=0.2),
        search_s=SEARCH_S,
    )
    return IndexManager(connect(url, timeout_s=30.0), policy=policy)


@dataclass
class Flow:
    """Documents that are written by threads; one that cannot be written now is pending and written later."""

    index: IndexManager
    waiting: deque[tuple[int, Document]]
    stop: threading.Event
    written: set[int] = field(default_factory=set)
    postponed: int = 0
    failures: list[BaseException] = field(default_factory=list)
    searches: list[tuple[float, str]] = field(default_factory=list)

    def write(self) -> None:
        while not self.stop.is_set() and len(self.written) < DOCUMENTS:
            try:
                number, document = self.waiting.popleft()
            except IndexError:
                self.stop.wait(0.01)
                continue
            try:
                self.index.index_document(document, version=number + 1)
                self.written.add(number)
                self.stop.wait(0.02)
            except (UnavailableError, ThrottledError):
                self.postponed += 1
                self.waiting.append((number, document))
                self.stop.wait(0.05)
            except BaseException as error:  # noqa: BLE001 - shown by the test
                self.failures.append(error)
                return

    def search(self) -> None:
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                found = self.index.search("報告")
                outcome = "partial" if found.missing else "found"
            except CircuitOpenError:
                outcome = "open"
            except UnavailableError:
                outcome = "unavailable"
            except BaseException as error:  # noqa: BLE001 - shown by the test
                self.failures.append(error)
                return
            self.searches.append((time.monotonic() - began, outcome))
            self.stop.wait(0.05)


def wait_until(condition: Callable[[], bool], *, within_s: float) -> None:
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)


def test_nothing_is_lost_and_nobody_waits_while_the_cluster_is_killed_and_started(
    server: RestartableServer, make_document: MakeDocument
) -> None:
    index, stop = open_manager(server.url), threading.Event()
    index.create_files_index()
    index.create_images_index()
    documents = [make_document(f"{number}.pdf", f"第{number}号の報告") for number in range(DOCUMENTS)]
    flow = Flow(index=index, waiting=deque(enumerate(documents)), stop=stop)
    threads = [threading.Thread(target=flow.write) for _ in range(THREADS)]
    threads.append(threading.Thread(target=flow.search))
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(flow.written) >= DOCUMENTS // 4 or bool(flow.failures), within_s=120)
        server.kill()
        wait_until(lambda: flow.postponed >= 2 * THREADS or bool(flow.failures), within_s=60)
        server.start()
        wait_until(lambda: len(flow.written) == DOCUMENTS or bool(flow.failures), within_s=300)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert flow.failures == []
    index.refresh()
    assert index.search("報告").total == DOCUMENTS
    for number, document in enumerate(documents):
        entry = index.entry(document.file_id)
        assert entry is not None
        assert entry.version == number + 1
    outcomes = {outcome for _, outcome in flow.searches}
    assert "found" in outcomes
    assert outcomes & {"unavailable", "open"}
    assert max(seconds for seconds, _ in flow.searches) < LONGEST_SEARCH_S
    index.close()

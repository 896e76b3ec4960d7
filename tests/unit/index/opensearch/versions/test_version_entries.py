"""Entries of one index, page by page; what the server does with the requests is tested on a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stand_ins.index_server import IndexServer, MadeIndex
from worker.errors import UnavailableError
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.versions.version_entries import EntryMark, VersionEntries, page_body
from worker.index.search_index import tombstone_document
from worker.models.ledger import State
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as made:
        made.indices["old"] = MadeIndex({})
        yield made


@pytest.fixture
def entries(server: IndexServer) -> Iterator[VersionEntries]:
    client = connect(server.url)
    policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler(max_retries=0, wait=lambda _: None))
    yield VersionEntries(client, calls=ClusterCalls(client, policy), index="old")
    client.close()


def test_all_entries_come_in_order_and_tombstones_too(
    entries: VersionEntries, server: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.index.opensearch.versions.version_entries._PAGE", 2)
    for number, name in enumerate("edcba"):
        server.put("old", name, number + 1)
    server.put("old", "b", 9, state="tombstoned")
    server.put("old", "c", 3, vectors_pending=True)
    assert list(entries.marks()) == [
        EntryMark(file_id="a", version=5, state=State.INDEXED),
        EntryMark(file_id="b", version=9, state=State.TOMBSTONED),
        EntryMark(file_id="c", version=3, state=State.INDEXED, vectors_pending=True),
        EntryMark(file_id="d", version=2, state=State.INDEXED),
        EntryMark(file_id="e", version=1, state=State.INDEXED),
    ]
    assert [mark.is_live for mark in entries.marks()] == [True, False, True, True, True]
    assert (entries.count(), entries.count(live=True)) == (5, 4)
    assert server.requests[0] == "POST /old/_refresh"


def test_those_written_since_a_time_are_asked_for_by_it(entries: VersionEntries, server: IndexServer) -> None:
    server.put("old", "a", 1, indexed_at="2026-01-01")
    server.put("old", "b", 1, indexed_at="2026-01-03")
    assert [mark.file_id for mark in entries.marks(since="2026-01-02")] == ["b"]
    assert page_body("x")["query"]["bool"]["filter"] == [{"range": {"file_id": {"gt": "x"}}}]


def test_documents_are_read_with_their_versions(entries: VersionEntries, server: IndexServer) -> None:
    server.put("old", "gone", 4, state="tombstoned")
    server.put(
        "old",
        "a",
        2,
        bucket="b",
        key="k",
        file_name="k",
        file_path="k",
        file_size=1,
        file_type="txt",
        pages=[
            {"number": 1, "part": 0, "text": "te", "source": "ocr"},
            {"number": 1, "part": 1, "text": "xt"},
        ],
    )
    found = entries.documents(["a", "gone", "missing"])
    assert found["gone"] == (tombstone_document("gone"), 4)
    assert ([page.text for page in found["a"][0].pages], found["a"][1]) == (["text"], 2)
    assert sorted(found) == ["a", "gone"]


def test_an_answer_of_something_else_is_an_outage(entries: VersionEntries, server: IndexServer) -> None:
    server.indices["old"].entries["a"] = 1, {"file_id": "a"}
    with pytest.raises(UnavailableError, match="read entries of old"):
        list(entries.marks())

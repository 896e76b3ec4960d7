"""Entries of OpenSearch as values; what the server does with the requests is tested on a real one."""

from __future__ import annotations

import pytest

from worker.index.opensearch.entries import page_body, to_entry
from worker.index.search_index import IndexEntry
from worker.models.ledger import State

pytestmark = pytest.mark.unit


def test_a_tombstone_has_its_version_only() -> None:
    hit = {"_version": 7, "_source": {"file_id": "f", "state": "tombstoned"}}
    assert to_entry(hit) == IndexEntry(file_id="f", version=7, state=State.TOMBSTONED)


@pytest.mark.parametrize(("limit", "size"), [(0, 1), (500, 500), (50_000, 10_000)])
def test_a_page_is_never_larger_than_opensearch_allows(limit: int, size: int) -> None:
    body = page_body("source", after="abc", limit=limit)
    assert body["size"] == size
    assert body["version"] is True

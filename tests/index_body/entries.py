"""What every search index says of its entries without their content, and how tombstones leave it."""

from __future__ import annotations

import pytest

from tests.index_body.documents import MakeDocument, direction, put
from worker.errors import LeaseLostError
from worker.index.search_index import IndexEntry, SearchIndex
from worker.models.document import Vectors
from worker.models.ledger import State


def _entries(index: SearchIndex, bucket: str, limit: int) -> list[IndexEntry]:
    found: list[IndexEntry] = []
    while page := index.entries(bucket, after=found[-1].file_id if found else "", limit=limit):
        found += page
    return found


def test_entries_are_read_in_pages_by_file_id(index: SearchIndex, make_document: MakeDocument) -> None:
    documents = [make_document(f"営業 {n}+%.txt", "text", content_hash=f"{n}" * 64) for n in range(7)]
    put(index, *documents, version=3)
    put(index, make_document("elsewhere.txt", bucket="others"))
    expected = [
        IndexEntry(
            file_id=document.file_id,
            version=3,
            state=State.INDEXED,
            bucket="sources",
            key=document.key,
            content_hash=document.content_hash,
        )
        for document in sorted(documents, key=lambda document: document.file_id)
    ]
    assert _entries(index, "sources", 3) == _entries(index, "sources", 7) == expected
    assert index.entries("sources", after=expected[4].file_id) == expected[5:]
    assert index.entries("nothing") == []


def test_a_tombstone_is_no_entry_of_a_page_and_can_be_asked_for(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    document = make_document("a.txt", "text")
    assert index.entry(document.file_id) is None
    put(index, document, version=2)
    entry = index.entry(document.file_id)
    assert entry is not None
    assert (entry.version, entry.state, entry.key) == (2, State.INDEXED, "a.txt")
    index.tombstone(document.file_id, version=5, refresh=True)
    assert index.entries("sources") == []
    assert index.entry(document.file_id) == IndexEntry(
        file_id=document.file_id, version=5, state=State.TOMBSTONED
    )


def test_a_tombstone_is_purged_on_its_version_and_a_live_entry_never(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    document = make_document("a.txt", "text", vectors=Vectors(image=direction(1.0)))
    put(index, document, version=2)
    assert not index.purge(document.file_id, version=9)
    index.tombstone(document.file_id, version=5, refresh=True)
    assert not index.purge(document.file_id, version=4)
    with pytest.raises(LeaseLostError):
        put(index, document, version=4)
    assert index.purge(document.file_id, version=5)
    assert index.entry(document.file_id) is None
    assert index.purge(document.file_id, version=5)
    # The next claim may have a higher fence, and its file comes back.
    put(index, document, version=6)
    assert len(index.entries("sources")) == 1

"""Documents that are too large for one request, on a real OpenSearch behind a proxy with a limit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from opensearchpy import OpenSearch

from tests.stand_ins.size_limit import SizeLimit
from worker.errors import LeaseLostError
from worker.index.opensearch.index_manager import IndexManager
from worker.models.document import Document
from worker.models.ledger import State

pytestmark = pytest.mark.integration

MakeDocument = Callable[..., Document]
MakeIndex = Callable[..., IndexManager]

LIMIT_BYTES = 100_000


@pytest.fixture
def large(make_document: MakeDocument) -> Document:
    """A document of 40 pages, about six times as large as what the proxy lets pass."""
    pages = [f"表紙{number}番 \U00020000 \x07 " + f"第{number}号の報告 " * 450 for number in range(40)]
    return make_document("folder/large.pdf", *pages)


def test_a_document_that_is_too_large_is_written_in_parts_and_found_as_one(
    make_index: MakeIndex,
    make_document: MakeDocument,
    client: OpenSearch,
    prefix: str,
    opensearch_url: str,
    large: Document,
) -> None:
    small = [make_document(f"{number}.pdf", f"小さな文書{number}") for number in range(10)]
    with SizeLimit(opensearch_url, LIMIT_BYTES) as limit:
        index = make_index(limit.url)
        index.create_files_index()
        index.create_images_index()
        assert index.bulk([(each, 1) for each in (*small, large)]) == [None] * 11
        index.refresh()
        assert [hit.page for hit in index.search("表紙38番").hits] == [39]
        assert index.search("小さな文書").total == 10
        read = index.document(large.file_id)
        assert read is not None
        assert [page.text for page in read.pages] == [page.text for page in large.pages]
        entry = index.entry(large.file_id)
        assert entry is not None
        assert (entry.version, entry.state) == (1, State.INDEXED)
        whole = max(limit.refused)
        assert whole > 4 * LIMIT_BYTES
    client.indices.refresh(index=f"{prefix}files-parts")
    assert client.count(index=f"{prefix}files-parts")["count"] == 0


def test_a_stale_large_document_is_refused_and_replaces_nothing(
    make_index: MakeIndex, opensearch_url: str, large: Document
) -> None:
    with SizeLimit(opensearch_url, LIMIT_BYTES) as limit:
        index = make_index(limit.url)
        index.create_files_index()
        index.create_images_index()
        index.tombstone(large.file_id, version=7)
        with pytest.raises(LeaseLostError):
            index.index_document(large, version=6)
        assert index.document(large.file_id) is None
        index.index_document(large, version=7)
        index.index_document(large, version=8)
        entry = index.entry(large.file_id)
        assert entry is not None
        assert entry.version == 8


def test_where_parts_are_refused_too_the_file_is_found_by_its_name_with_the_reason(
    make_index: MakeIndex, opensearch_url: str, large: Document
) -> None:
    with SizeLimit(opensearch_url, LIMIT_BYTES, forbidden=("_reindex",)) as limit:
        index = make_index(limit.url)
        index.create_files_index()
        index.create_images_index()
        index.index_document(large, version=1, refresh=True)
        (hit,) = index.search("large").hits
        assert (hit.state, hit.reason) == (State.PARTIAL, "index_rejected")
        read = index.document(large.file_id)
        assert read is not None
        assert "allow this user `_update` and `_reindex`" in read.reason_message

"""Documents and helpers for the tests that every search index must pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from worker.index.search_index import SearchIndex
from worker.models.document import Document
from worker.models.file import FileType, file_id
from worker.models.ledger import State
from worker.models.page import Page, TextSource

MakeDocument = Callable[..., Document]

DIMENSION = 1024
"""The length of the image model's vectors; an index need not accept others."""


def direction(*numbers: float) -> tuple[float, ...]:
    """A vector with these first numbers, filled up with zeros."""
    return numbers + (0.0,) * (DIMENSION - len(numbers))


@pytest.fixture
def make_document() -> MakeDocument:
    def make(file_path: str, *texts: str, **fields: Any) -> Document:
        pages = tuple(
            Page(number=number, text=text, source=TextSource.OCR)
            for number, text in enumerate(texts, start=1)
        )
        values: dict[str, Any] = {
            "file_id": file_id("sources", file_path),
            "bucket": "sources",
            "key": file_path,
            "file_name": file_path.rpartition("/")[2],
            "file_path": file_path,
            "size_bytes": 1000,
            "file_type": FileType.PDF,
            "state": State.INDEXED,
            "pages": pages,
        }
        return Document(**(values | fields))

    return make


def names(index: SearchIndex, query: str) -> list[str]:
    return [hit.file_name for hit in index.search(query).hits]


def put(index: SearchIndex, *documents: Document, version: int = 1) -> None:
    for document in documents:
        index.index_document(document, version=version, refresh=True)

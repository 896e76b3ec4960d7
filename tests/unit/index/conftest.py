"""An index of each kind, and documents to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.index.local_index import LocalIndex
from worker.index.schema import SearchIndex
from worker.models import Document, FileType, Page, State, TextSource, file_id


@pytest.fixture(params=["sqlite"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchIndex]:
    """Every kind of index; what is asked of one is asked of all."""
    kinds: dict[str, Callable[[], SearchIndex]] = {"sqlite": lambda: LocalIndex(tmp_path / "index.sqlite")}
    made = kinds[request.param]()
    yield made
    made.close()


@pytest.fixture
def make_document() -> Callable[..., Document]:
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

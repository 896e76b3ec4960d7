"""The index in SQLite, and documents to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.index.search_index import SearchIndex
from worker.index.sqlite.sqlite_index import SqliteIndex

pytest.register_assert_rewrite(
    "tests.index_body.asking",
    "tests.index_body.entries",
    "tests.index_body.keeping",
    "tests.index_body.mails",
    "tests.index_body.metadata",
    "tests.index_body.searching",
)
from tests.index_body.documents import make_document  # noqa: E402, F401 - a fixture


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    made = SqliteIndex(tmp_path / "index.sqlite")
    yield made
    made.close()

"""The files of an index one by one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.cli.test_search import document
from worker.errors import MisconfiguredError
from worker.index.sqlite.file_list import read_files
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.ledger import State

pytestmark = pytest.mark.unit


def test_files_come_by_path_with_all_codes_of_their_pages(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    made = document("/b.pdf", "one", "two", "three")
    reasons = (None, "timeout", "pages_failed")
    pages = tuple(replace(page, reason=why) for page, why in zip(made.pages, reasons, strict=True))
    with closing(SqliteIndex(path)) as index:
        index.index_document(replace(made, pages=pages), version=1)
        index.index_document(replace(document("/a.pdf"), state=State.INDEXED, reason=None), version=1)
        index.index_document(document("/gone.pdf"), version=1)
        index.tombstone("id-/gone.pdf", version=2)
    first, second = read_files(path)
    assert (first.file_path, first.codes, first.pages, first.is_unread) == ("/a.pdf", (), 0, False)
    assert (second.file_path, second.pages, second.is_unread) == ("/b.pdf", 3, True)
    assert second.codes == ("pages_failed", "timeout")
    assert second.file_id == "id-/b.pdf"


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite3").write_bytes(b"something else" * 100)
    with pytest.raises(MisconfiguredError, match="cannot be used"):
        list(read_files(tmp_path / "index.sqlite3"))

"""A file of the first format, whose terms are made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.search_index import Tier
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document

pytestmark = pytest.mark.unit


def _make_old(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE pages DROP COLUMN member_path;"
            "DROP TABLE file_facts; DROP TABLE file_metadata; DROP TABLE file_groups;"
            "DROP TABLE page_vocabulary; DROP TABLE page_terms; DROP TABLE analysis;"
            "CREATE VIRTUAL TABLE page_terms USING fts5 (terms, content='', tokenize='ascii');"
            "PRAGMA user_version = 1;"
        )


def test_an_old_file_finds_what_this_version_finds(
    tmp_path: Path, make_document: Callable[..., Document]
) -> None:
    path = tmp_path / "index.sqlite3"
    with closing(SqliteIndex(path)) as index:
        index.index_document(make_document("a.pdf", "令和6年5月31日の申し込み書"), version=3)
        gone = make_document("b.pdf", "other")
        index.index_document(gone, version=1)
        index.tombstone(gone.file_id, version=2)
    _make_old(path)
    with closing(SqliteIndex(path)) as index:
        result = index.search("申込書 2024/5/31")
        assert ([hit.file_name for hit in result.hits], result.tier) == (["a.pdf"], Tier.ALL)
        assert index.search("other").total == 0
        assert index.search("申込書", facets=True).facets["type"] == {"pdf": 1}
        index.index_document(make_document("a.pdf", "text"), version=4)
        assert index.search("申込書").total == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version FROM analysis").fetchall() == [(str(OWN_ANALYSIS),)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_rebuild_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, make_document: Callable[..., Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index.sqlite3"
    with closing(SqliteIndex(path)) as index:
        index.index_document(make_document("a.pdf", "text"), version=1)
    _make_old(path)
    with monkeypatch.context() as patched:
        patched.setattr("worker.index.sqlite.rebuild._terms", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            SqliteIndex(path)
    with closing(SqliteIndex(path)) as index:
        assert index.search("text").total == 1

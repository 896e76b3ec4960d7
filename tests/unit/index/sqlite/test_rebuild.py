"""A file of the first format, whose terms are made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from worker.errors import UnavailableError
from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.search_index import Tier
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.mail_fields import MailFields
from worker.models.metadata import FileMetadata, Properties

pytestmark = pytest.mark.unit


def _make_old(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE pages DROP COLUMN member_path;"
            "DROP TABLE file_facts; DROP TABLE file_metadata; DROP TABLE file_groups; DROP TABLE file_mails;"
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
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_file_of_the_second_format_keeps_its_terms_and_takes_mails(
    tmp_path: Path, make_document: Callable[..., Document]
) -> None:
    path = tmp_path / "index.sqlite3"
    with closing(SqliteIndex(path)) as index:
        index.index_document(make_document("a.pdf", "契約"), version=1)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE file_mails; PRAGMA user_version = 2;")
    properties = Properties(mail=MailFields(sender="tanaka@example.com"))
    mail = make_document("b.eml", "契約", metadata=FileMetadata(properties=properties))
    with closing(SqliteIndex(path)) as index:
        index.index_document(mail, version=1)
        assert index.search("契約").total == 2
        assert [hit.file_name for hit in index.search("契約 from:tanaka").hits] == ["b.eml"]


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


def _forget_terms(path: Path) -> None:
    """As another analysis left it, whose words are not found."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO page_terms (page_terms) VALUES ('delete-all')")
        connection.execute("UPDATE analysis SET version = '0 none'")
        connection.commit()


def test_a_file_is_made_anew_while_a_process_that_has_it_open_notices(
    tmp_path: Path, make_document: Callable[..., Document]
) -> None:
    path = tmp_path / "index.sqlite3"
    with closing(SqliteIndex(path)) as index:
        for number in range(3):
            index.index_document(make_document(f"{number}.pdf", f"報告 {number}"), version=1)
        index.tombstone(make_document("2.pdf").file_id, version=2)
    _forget_terms(path)
    heard: list[int] = []
    with closing(SqliteIndex(path)) as worker, closing(SqliteFile(path)) as file:
        assert worker.search("報告").total == 0
        assert file.rebuild(heard.append) == 2
        assert heard == [2, 2]
        assert worker.search("報告").total == 2
        document = make_document("0.pdf", "覚書")
        worker.index_document(document, version=2)
        assert (worker.search("報告").total, worker.search("覚書").total) == (1, 1)


def test_terms_that_were_made_before_the_file_was_made_anew_are_not_written(
    tmp_path: Path, make_document: Callable[..., Document]
) -> None:
    path = tmp_path / "index.sqlite3"
    document = make_document("a.pdf", "報告")
    with closing(SqliteIndex(path)) as worker:
        worker.index_document(document, version=1)
        with closing(sqlite3.connect(path)) as connection:
            # Without words this process writes into it, too, but other terms.
            connection.execute("UPDATE analysis SET version = ?", (f"{OWN_ANALYSIS.number} none",))
            connection.commit()
        with pytest.raises(UnavailableError, match="re-indexed just now with text analysis"):
            worker.index_document(document, version=2)
        worker.index_document(document, version=2)
        entry = worker.entry(document.file_id)
        assert entry is not None
        assert entry.version == 2


def test_what_ends_a_rebuild_leaves_the_terms_as_they_were(
    tmp_path: Path, make_document: Callable[..., Document]
) -> None:
    path = tmp_path / "index.sqlite3"
    with closing(SqliteIndex(path)) as index:
        for number in range(3):
            index.index_document(make_document(f"{number}.pdf", "報告"), version=1)
        calls: list[int] = []

        def stop(total: int) -> None:
            calls.append(total)
            if len(calls) == 2:
                raise KeyboardInterrupt

        with closing(SqliteFile(path)) as file, pytest.raises(KeyboardInterrupt):
            file.rebuild(stop)
        assert index.search("報告").total == 3
        index.index_document(make_document("0.pdf", "覚書"), version=2)
        assert index.search("報告").total == 2

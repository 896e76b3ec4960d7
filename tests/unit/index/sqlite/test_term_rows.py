"""The rows of the full-text table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from worker.index.sqlite.rebuild import rebuild_terms
from worker.index.sqlite.sqlite_file import _TABLES, _TERM_TABLES
from worker.index.sqlite.term_rows import PAGE_BITS, delete_terms, insert_terms, term_rows

pytestmark = pytest.mark.unit


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(_TABLES)
        rebuild_terms(opened, _TERM_TABLES)
        yield opened


def found(connection: sqlite3.Connection, expression: str) -> list[int]:
    rows = connection.execute("SELECT rowid FROM page_terms WHERE page_terms MATCH ?", (expression,))
    return [row for (row,) in rows]


def test_a_file_has_a_row_for_its_name_and_one_for_each_page_with_terms(
    connection: sqlite3.Connection,
) -> None:
    pages = [(1, "契約", "file"), (2, "…", "file"), (9, "text", "ocr")]
    rows = term_rows("a.pdf", "x/a.pdf", pages, has_words=True)
    assert [page for page, _ in rows] == [0, 1, 9]
    insert_terms(connection, 3, rows)
    assert found(connection, 'pairs : "契約"') == [3 << PAGE_BITS | 1]
    assert found(connection, 'stems : "pdf"') == [3 << PAGE_BITS]
    assert found(connection, 'lookalikes : "text"') == [3 << PAGE_BITS | 9]


def test_the_same_rows_remove_what_was_inserted(connection: sqlite3.Connection) -> None:
    pages = [(1, "渡辺さんの契約 2024/5/31", "ocr")]
    insert_terms(connection, 1, term_rows("a.pdf", "a.pdf", pages, has_words=True))
    delete_terms(connection, 1, term_rows("a.pdf", "a.pdf", pages, has_words=True))
    connection.execute("INSERT INTO page_terms (page_terms) VALUES ('integrity-check')")
    assert connection.execute("SELECT count(*) FROM page_vocabulary").fetchone() == (0,)


def test_without_words_only_what_is_written_is_there(connection: sqlite3.Connection) -> None:
    insert_terms(connection, 1, term_rows("a", "a", [(1, "申し込み", "file")], has_words=False))
    assert not found(connection, "words : 申し込")
    assert found(connection, 'pairs : "申し"')

"""The words that a SQLite index has instead of a mistyped one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from worker.index.clauses import MAX_SIMILAR
from worker.index.sqlite.similar_words import SimilarWords
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.index.sqlite.term_rows import insert_terms, term_rows

pytestmark = pytest.mark.unit


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    with closing(SqliteFile(tmp_path / "index")) as opened:
        yield opened


def put(file: SqliteFile, text: str) -> None:
    with file.write_transaction() as connection:
        insert_terms(connection, 1, term_rows("a", "a", [(1, text, "file")], has_words=False))


def test_words_that_begin_alike_come_by_their_edits(file: SqliteFile) -> None:
    put(file, "maintenance maintenances maintain naintenance maintenence mainframes mountains")
    with file.read_transaction() as connection:
        found = SimilarWords(connection)("maintanance", 2)
        one = SimilarWords(connection)("maintanance", 1)
    assert list(found) == ["maintenance", "maintenances", "maintenence"]
    assert list(one) == ["maintenance"]


def test_they_are_few_and_the_nearest(file: SqliteFile) -> None:
    far = [f"rep{first}{second}t" for first, second in product("bcdfgh", "klmnpq")]
    put(file, " ".join([*far, "reports"]))
    with file.read_transaction() as connection:
        found = SimilarWords(connection)("report", 2)
    assert len(found) == MAX_SIMILAR
    assert set(found[:2]) == {"report", "reports"}  # the index has the stem of the word, too


def test_a_search_looks_for_a_word_once(file: SqliteFile) -> None:
    put(file, "report")
    statements: list[str] = []
    with file.read_transaction() as connection:
        connection.set_trace_callback(statements.append)
        similar = SimilarWords(connection)
        assert similar("reprot", 1) == similar("reprot", 1) == ["report"]
        similar("reprot", 2)
        connection.set_trace_callback(None)
    assert len([each for each in statements if each.startswith("SELECT term")]) == 2


def test_the_time_of_the_search_holds_while_words_are_compared(file: SqliteFile) -> None:
    put(file, " ".join("a" + "".join(letters) for letters in product("bcdefghijkl", repeat=3)))
    with file.read_transaction() as connection:
        connection.set_progress_handler(lambda: 1, 1_000)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            SimilarWords(connection)("abcd", 1)
        connection.set_progress_handler(None, 0)

"""Properties of the SQLite index alone: one file shared by threads and processes, small and fast."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from worker.errors import LeaseLostError
from worker.index.search_plan import plans
from worker.index.search_query import parse_query
from worker.index.sqlite import sqlite_index
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.index.sqlite.term_rows import TermRow, term_rows
from worker.index.sqlite.text_search import Shown, statement
from worker.models.document import Document, Vectors
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

MakeDocument = Callable[..., Document]

_WRITER = """
import sys
from pathlib import Path
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

path, name = Path(sys.argv[1]), sys.argv[2]
index = SqliteIndex(path)
for number in range(40):
    file = f"{name}-{number}.txt"
    page = Page(number=1, text=f"共有の文書 {name}", source=TextSource.FILE)
    index.index_document(Document(file_id=file, bucket="b", key=file, file_name=file, file_path=file,
        size_bytes=1, file_type=FileType.TEXT, state=State.INDEXED, pages=(page,)), version=1)
index.close()
"""


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def test_processes_that_start_together_write_one_file(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name], env=environment)
        for name in ("alpha", "beta", "gamma")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    with closing(SqliteIndex(path)) as index:
        assert index.search("共有の文書").total == 120
        assert index.search("beta 文書").total == 40


def test_threads_share_an_index(index: SqliteIndex, make_document: MakeDocument) -> None:
    def write_and_search(number: int) -> int:
        index.index_document(make_document(f"{number}.pdf", f"共有 number{number}"), version=1)
        return index.search(f"number{number}").total

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write_and_search, range(80))) == [1] * 80
    assert index.search("共有").total == 80


def test_of_many_writers_the_highest_version_wins(index: SqliteIndex, make_document: MakeDocument) -> None:
    def write(version: int) -> str:
        try:
            index.index_document(make_document("a.pdf", f"version{version}"), version=version)
        except LeaseLostError:
            return "refused"
        return "written"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, [5, 3, 9, 1, 20, 7, 12, 2] * 5))
    assert results.count("written") >= 5
    assert index.search("version20").total == 1
    assert index.search("a.pdf").total == 1


def test_a_write_that_fails_leaves_the_document_as_it_was(
    index: SqliteIndex, make_document: MakeDocument
) -> None:
    index.index_document(make_document("a.pdf", "old text"), version=1)
    twice = (Page(number=1, text="new", source=TextSource.OCR),) * 2
    with pytest.raises(sqlite3.IntegrityError):
        index.index_document(make_document("a.pdf", pages=twice), version=2)
    assert index.search("old text").total == 1
    index.index_document(make_document("a.pdf", "newest"), version=1)
    assert index.search("old").total == 0


def test_nothing_is_left_of_what_was_replaced_or_removed(
    index: SqliteIndex, path: Path, make_document: MakeDocument
) -> None:
    document = make_document(
        "報告.pdf",
        "営業の文章",
        "二枚目",
        thumbnail=b"webp",
        vectors=Vectors(image=(1.0,), text=((1.0,), (2.0,))),
    )
    for version in range(1, 6):
        index.index_document(document, version=version)
    assert [
        rows(path, table) for table in ("files", "pages", "image_vectors", "text_vectors", "thumbnails")
    ] == [
        1,
        2,
        1,
        2,
        1,
    ]
    index.tombstone(document.file_id, version=6)
    assert [
        rows(path, table) for table in ("files", "pages", "image_vectors", "text_vectors", "thumbnails")
    ] == [
        1,
        0,
        0,
        0,
        0,
    ]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE terms_left USING fts5vocab(page_terms, row)")
        assert connection.execute("SELECT term FROM terms_left").fetchall() == []
        connection.execute("INSERT INTO page_terms (page_terms) VALUES ('integrity-check')")


def test_no_text_is_analysed_while_other_writers_wait(
    index: SqliteIndex, make_document: MakeDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    within: list[bool] = []

    def watched(*arguments: Any, **options: Any) -> list[TermRow]:
        within.append(index._file._connection.in_transaction)
        return term_rows(*arguments, **options)

    monkeypatch.setattr(sqlite_index, "term_rows", watched)
    index.index_document(make_document("a.pdf", "営業の文章"), version=1)
    index.index_document(make_document("a.pdf", "報告の文章"), version=2)
    index.tombstone(make_document("a.pdf").file_id, version=3)
    assert within == [False] * 4


def test_a_document_that_was_replaced_meanwhile_is_removed_by_its_own_terms(
    index: SqliteIndex, path: Path, make_document: MakeDocument
) -> None:
    index.index_document(make_document("a.pdf", "first"), version=1)
    late = index._write_of(make_document("a.pdf", "third"), 3)
    index.index_document(make_document("a.pdf", "second"), version=2)
    index._commits.run(late)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE terms_left USING fts5vocab(page_terms, row)")
        terms = {term for (term,) in connection.execute("SELECT term FROM terms_left")}
        assert terms & {"first", "second", "third"} == {"third"}
        connection.execute("INSERT INTO page_terms (page_terms) VALUES ('integrity-check')")


def test_a_word_as_long_as_a_page_can_be_found_and_removed(
    index: SqliteIndex, path: Path, make_document: MakeDocument
) -> None:
    document = make_document("a.txt", "x" * 100_000 + " word")
    index.index_document(document, version=1)
    assert index.search("word").total == 1
    index.tombstone(document.file_id, version=2)
    assert index.search("word").total == 0


def test_a_thousand_small_documents_are_written_and_searched(
    index: SqliteIndex, make_document: MakeDocument
) -> None:
    text = "二〇二四年度の営業報告書を提出します。Quarterly sales were good. " * 10
    for number in range(1000):
        index.index_document(make_document(f"dir/{number}.txt", f"{text} number{number}"), version=1)
    assert index.search("営業報告書", limit=5).total == 1000
    assert [hit.file_name for hit in index.search("number77 営業").hits] == ["77.txt"]


def test_a_search_reads_no_table_from_end_to_end(index: SqliteIndex, path: Path) -> None:

    with closing(sqlite3.connect(path)) as connection:
        search = [
            step
            for query in (
                "営業 報告",
                "営業 -報告",
                "営業 type:pdf lang:ja -state:partial path:部",
                "reports",
            )
            for plan in plans(parse_query(query), has_words=True)
            for sql, values in [statement(parse_query(query), plan, lambda *_: ["a"], Shown(limit=5))]
            for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        ]
        find = connection.execute(
            f"EXPLAIN QUERY PLAN {sqlite_index._FIND}", ("", "", "", "", None)
        ).fetchall()
    steps = [step[-1] for step in search + find]
    assert not [step for step in steps if step.startswith(("SCAN files", "SCAN pages"))]
    assert any("files_by_path" in step for step in steps)


def test_words_of_pages_are_not_stored(index: SqliteIndex, make_document: MakeDocument) -> None:
    page = Page(number=1, text="text", source=TextSource.OCR, words='[["text",1,2,3,4,90]]', width_px=100)
    document = make_document("a.pdf", pages=(page,))
    index.index_document(document, version=1)
    stored = index.document(document.file_id)
    assert stored == replace(document, pages=(replace(page, words="[]", width_px=0),))

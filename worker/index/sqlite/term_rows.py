"""The rows of the full-text table: the streams of a file's name and of each of its pages.

A row id holds file and page; page 0 is the row of the file's name and path. FTS5 has no text to delete a row
by, so that deleting one needs the same tokens again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from worker.index.analysis.streams import Streams, analyse
from worker.index.query import label
from worker.index.search_plan import WEIGHTS
from worker.models.page import TextSource

PAGE_BITS = 24
"""How many bits of a row id are the page; a file gets a new id with every write (AUTOINCREMENT)."""
NAME_ROW = 0
STREAMS = tuple(WEIGHTS)
"""The columns of `page_terms`, in their order."""

TermRow: TypeAlias = tuple[int, tuple[str, ...]]
"""A page, and its streams in the order of STREAMS."""

_COLUMNS = ", ".join(STREAMS)
_VALUES = ", ".join("?" * (len(STREAMS) + 1))
_INSERT = f"INSERT INTO page_terms (rowid, {_COLUMNS}) VALUES ({_VALUES})"  # noqa: S608 - names of our own
_DELETE = f"INSERT INTO page_terms (page_terms, rowid, {_COLUMNS}) VALUES ('delete', {_VALUES})"  # noqa: S608


def term_rows(
    file_name: str, file_path: str, pages: Iterable[tuple[int, str, str]], *, has_words: bool
) -> list[TermRow]:
    """The rows of a file that have any term; `pages` are number, text and source of each page."""
    name = analyse(label(file_name, file_path), is_ocr=False, is_name=True, has_words=has_words)
    return [row for row in ((NAME_ROW, _texts(name)), *_page_rows(pages, has_words)) if any(row[1])]


def insert_terms(connection: sqlite3.Connection, file: int, rows: Iterable[TermRow]) -> None:
    """Add the rows of the file with this id."""
    connection.executemany(_INSERT, _with_ids(file, rows))


def delete_terms(connection: sqlite3.Connection, file: int, rows: Iterable[TermRow]) -> None:
    """Remove rows that were inserted with these very terms."""
    connection.executemany(_DELETE, _with_ids(file, rows))


def _page_rows(pages: Iterable[tuple[int, str, str]], has_words: bool) -> Iterator[TermRow]:
    for number, text, source in pages:
        is_ocr = TextSource(source).has_ocr_text
        yield (number, _texts(analyse(text, is_ocr=is_ocr, has_words=has_words)))


def _texts(streams: Streams) -> tuple[str, ...]:
    return tuple(" ".join(getattr(streams, name)) for name in STREAMS)


def _with_ids(file: int, rows: Iterable[TermRow]) -> Sequence[tuple[int | str, ...]]:
    return [(file << PAGE_BITS | page, *texts) for page, texts in rows]

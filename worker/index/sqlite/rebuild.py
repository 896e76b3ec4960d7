"""A file of an older format gets the terms of this one, made again from the texts that it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.sqlite import metadata_columns
from worker.index.sqlite.document_rows import load_text
from worker.index.sqlite.term_rows import TermRow, insert_terms, term_rows
from worker.models.ledger import State

_FIRST_FORMAT = 1


def upgrade(connection: sqlite3.Connection, stored: int, tables: str) -> None:
    """Add what a file of an older format does not have; of the headers of its mails nothing is known."""
    if stored != _FIRST_FORMAT:
        connection.execute(metadata_columns.MAIL_TABLE)
        return
    _add_metadata(connection)
    rebuild_terms(connection, tables)


def _add_metadata(connection: sqlite3.Connection) -> None:
    """Add of what file a page is, and what is known of a file."""
    connection.execute("ALTER TABLE pages ADD COLUMN member_path TEXT NOT NULL DEFAULT ''")
    for statement in metadata_columns.TABLES.split(";"):
        connection.execute(statement)
    for row in connection.execute("SELECT * FROM files WHERE state != ?", (State.TOMBSTONED,)).fetchall():
        metadata_columns.insert_metadata(connection, row["id"], load_text(connection, row))


def rebuild_terms(
    connection: sqlite3.Connection, tables: str, *, on_file: Callable[[int], object] = lambda _: None
) -> int:
    """Make the full-text table anew by `tables`, its statements, with the analysis of this process.

    `on_file` hears of each file how many there are, which is returned, too.
    """
    for name in ("page_vocabulary", "page_terms", "analysis"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in tables.split(";"):
        connection.execute(statement)
    connection.execute("INSERT INTO analysis VALUES (?)", (str(OWN_ANALYSIS),))
    files = connection.execute(
        "SELECT id, file_name, file_path FROM files WHERE state != ?", (State.TOMBSTONED,)
    ).fetchall()
    for file, name, path in files:
        on_file(len(files))
        insert_terms(connection, file, _terms(connection, file, name, path))
    return len(files)


def _terms(connection: sqlite3.Connection, file: int, name: str, path: str) -> list[TermRow]:
    pages = connection.execute("SELECT number, text, source FROM pages WHERE file = ?", (file,))
    return term_rows(name, path, (tuple(page) for page in pages), has_words=OWN_ANALYSIS.has_words)

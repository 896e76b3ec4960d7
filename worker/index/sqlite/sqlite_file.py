"""SqliteFile: the SQLite index's tables, transactions and error translation."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.errors import MisconfiguredError, UnavailableError
from worker.index.sqlite import metadata_columns
from worker.index.sqlite.rebuild import rebuild_terms, upgrade

_BUSY_TIMEOUT_S = 30.0
_SWITCH_PAUSE_S = 0.02
_FORMAT = 3
_OLDEST_FORMAT = 1
"""To be raised when tables change. Older files get what they lack (`upgrade`), newer ones are refused."""

_TABLES = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    bucket TEXT NOT NULL, key TEXT NOT NULL,
    file_name TEXT NOT NULL, file_path TEXT NOT NULL,
    folded_name TEXT NOT NULL, folded_path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, file_type TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT, reason_message TEXT NOT NULL,
    content_hash TEXT, thumbnail_key TEXT, artifact_key TEXT,
    image_model TEXT, text_model TEXT, vectors_pending INTEGER NOT NULL,
    indexed_at TEXT NOT NULL
);
CREATE INDEX files_by_name ON files (folded_name);
CREATE INDEX files_by_path ON files (folded_path);
CREATE TABLE pages (
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    text TEXT NOT NULL, source TEXT NOT NULL, language TEXT, confidence REAL, reason TEXT,
    member_path TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (file, number)
);
CREATE TABLE thumbnails (
    file INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE, webp BLOB NOT NULL
);
CREATE TABLE image_vectors (
    file INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE, floats BLOB NOT NULL
);
CREATE TABLE text_vectors (
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, floats BLOB NOT NULL,
    PRIMARY KEY (file, number)
);
"""
_TERM_TABLES = """
CREATE TABLE analysis (version TEXT NOT NULL);
CREATE VIRTUAL TABLE page_terms USING fts5 (
    pairs, words, parts, readings, entities, lookalikes, stems, content='', tokenize='ascii'
);
CREATE VIRTUAL TABLE page_vocabulary USING fts5vocab (page_terms, row);
"""
# The tokenizer `ascii` splits at spaces and leaves non-ASCII characters unchanged; `unicode61` would strip
# diacritics and drop characters it does not know, unlike the analysis of both indexes.

_CHECK_STEPS = 10_000
"""Steps of SQLite's virtual machine between two checks of the clock: about a millisecond."""

_UNAVAILABLE = {
    sqlite3.SQLITE_INTERRUPT: "the search took too long; use fewer words, or words that fewer files have",
    sqlite3.SQLITE_BUSY: "another process writes to it for too long; try again",
    sqlite3.SQLITE_LOCKED: "another process holds it; try again",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk reports errors; check its health and its free space",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_PROTOCOL: "other processes hold its locks; try again",
}
_MISCONFIGURED = {
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_READONLY: "it is read-only; allow writing to the file and its folder",
    sqlite3.SQLITE_PERM: "access is denied; allow reading and writing",
    sqlite3.SQLITE_AUTH: "access is denied; allow reading and writing",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database; choose another file",
    sqlite3.SQLITE_CORRUPT: "it is damaged; remove it and index the documents again",
}
_PRIMARY_CODE = 0xFF
_NOT_WRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


class SqliteFile:
    """One connection to the file at `path`, which is created with its tables where it is missing.

    Several processes may use one file; the threads of a process share the connection, one
    transaction at a time. Raises MisconfiguredError where the file cannot be used as this index and
    UnavailableError where it may be usable later.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translate_errors():
            try:
                self._open(path.absolute().as_uri(), busy_timeout_s, self._prepare)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY_CODE not in _NOT_WRITABLE or not path.is_file():
                    raise
                self._open_to_read(path, busy_timeout_s)

    def _open(self, uri: str, busy_timeout_s: float, prepare: Callable[[float], None]) -> None:
        # isolation_level None: transactions are explicit. The lock serialises the threads that share it.
        self._connection = sqlite3.connect(
            uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        try:
            prepare(busy_timeout_s)
        except BaseException:
            self._connection.close()
            raise

    def _open_to_read(self, path: Path, busy_timeout_s: float) -> None:
        """Open a file that may not be written, for example on a read-only disk; it can be searched there."""
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            self._open(uri, busy_timeout_s, self._require_format)
        except sqlite3.OperationalError:
            # Nobody can add the files that WAL shares, so nobody writes; what is in a log would be missed.
            log = path.with_name(f"{path.name}-wal")
            if log.is_file() and log.stat().st_size:
                raise
            self._open(f"{uri}&immutable=1", busy_timeout_s, self._require_format)

    @contextmanager
    def read_transaction(self, *, within_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """A connection with one consistent view of the file until the block ends.

        Raises UnavailableError when its statements take longer than `within_s`.
        """
        with self._transaction("BEGIN") as connection:
            if within_s is not None:
                until = time.monotonic() + within_s
                connection.set_progress_handler(lambda: time.monotonic() > until, _CHECK_STEPS)
            try:
                yield connection
            finally:
                connection.set_progress_handler(None, 0)

    @contextmanager
    def write_transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection with the write lock; commits at the end of the block, rolls back on an exception."""
        # IMMEDIATE: a read transaction that turns into a write fails with SQLITE_BUSY without waiting.
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def rebuild(self, on_file: Callable[[int], object]) -> int:
        """Make all terms anew from the texts, in one transaction; returns how many files there are.

        `on_file` hears of each file, before it is made, how many there are; what it raises leaves all as it
        was. Other processes search meanwhile, and wait with their writes.
        """
        with self.write_transaction() as connection:
            return rebuild_terms(connection, _TERM_TABLES, on_file=on_file)

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translate_errors(), self._connection as connection:
            connection.execute(begin)
            yield connection

    def _prepare(self, busy_timeout_s: float) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._enable_wal(time.monotonic() + busy_timeout_s)
        if self._stored_format(self._connection) == _FORMAT:
            return
        with self.write_transaction() as connection:
            stored = self._stored_format(connection)
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not stored and not tables:
                for statement in (_TABLES + metadata_columns.TABLES).split(";"):
                    connection.execute(statement)
                rebuild_terms(connection, _TERM_TABLES)
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
            elif _OLDEST_FORMAT <= stored < _FORMAT:
                upgrade(connection, stored, _TERM_TABLES)
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
            elif stored != _FORMAT:
                raise MisconfiguredError(
                    f"{self._path} was created by another program or version (format {stored}, "
                    f"not {_FORMAT}); "
                    "choose another file, or remove it and index the documents again"
                )

    def _require_format(self, _busy_timeout_s: float) -> None:
        stored = self._stored_format(self._connection)
        if stored != _FORMAT:
            raise MisconfiguredError(
                f"{self._path} has the format {stored}, not {_FORMAT}, and may not be written here; open it "
                "once where it may be, which brings it up to date"
            )

    def _enable_wal(self, deadline: float) -> None:
        """Switch a new file to write-ahead logging, which is persistent."""
        # Two processes that switch at the same time get SQLITE_BUSY at once, whatever the busy time-out
        # (https://www.sqlite.org/rescode.html#busy), so the waiting is done here.
        pause = threading.Event()
        while self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                pause.wait(_SWITCH_PAUSE_S)

    @staticmethod
    def _stored_format(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
            if code in _UNAVAILABLE:
                raise UnavailableError(
                    f"The index {self._path} cannot be used now: {_UNAVAILABLE[code]} ({error})"
                ) from error
            if code in _MISCONFIGURED:
                raise MisconfiguredError(
                    f"The index {self._path} cannot be used: {_MISCONFIGURED[code]} ({error})"
                ) from error
            raise

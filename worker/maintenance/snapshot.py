"""Snapshot: ledger and index of one prefix in a temporary SQLite file, sorted by key as S3 sorts.

Ten million rows do not fit into memory, and DynamoDB returns them in the order of a hash. The file outlives
the process that fills it: a command that was killed goes on with it on the same machine.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from worker.errors import MisconfiguredError
from worker.index.search_index import IndexEntry
from worker.maintenance.comparison import EntryState, RowState, to_row_state
from worker.models.ledger import State

_CACHE_KB = 16_384
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE rows (
    key BLOB, file_id BLOB, state TEXT, fence INTEGER, version TEXT, content_hash TEXT, updated_at TEXT,
    index_pending INTEGER
);
CREATE TABLE entries (key BLOB, file_id BLOB, fence INTEGER, content_hash TEXT);
CREATE TABLE hashes (hash BLOB);
CREATE TABLE candidates (hash BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS rows_by_key ON rows (key);
CREATE INDEX IF NOT EXISTS entries_by_key ON entries (key);
CREATE INDEX IF NOT EXISTS hashes_by_hash ON hashes (hash);
"""

Known: TypeAlias = tuple[bytes, RowState | None, EntryState | None]


class Snapshot:
    """The file at `path`, for the run `run_id`; what another run left there is removed.

    Raises MisconfiguredError when another process uses it, or the folder cannot be used.
    """

    def __init__(self, path: Path, *, run_id: str) -> None:
        self._path = path
        _make_private_folder(path.parent)
        self._connection = self._open()
        try:
            if self.fact("run_id") != run_id:
                self._connection.close()
                path.unlink(missing_ok=True)
                self._connection = self._open()
                self._connection.executescript(f"BEGIN EXCLUSIVE;{_TABLES}COMMIT;")
            # A write takes the lock, which is kept until the end.
            self.set_facts(run_id=run_id)
        except sqlite3.Error as error:
            self._connection.close()
            raise MisconfiguredError(
                f"{path} cannot be used: {error}. Another reconcile of the same prefix may be running on "
                "this machine; otherwise remove the file, or choose a folder with room by CIS_WORK_DIR."
            ) from error

    def fact(self, name: str) -> str:
        """What was recorded under a name, empty where nothing was."""
        if not self._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'facts'").fetchone():
            return ""
        found = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_facts(self, **facts: str) -> None:
        """Record facts about the file."""
        self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def add_rows(
        self, rows: Iterable[Mapping[str, Any]], *, bucket: str, prefix: str, after: str | None
    ) -> None:
        """Add a page of the ledger, and where the next one starts.

        The content hashes of all rows are kept: content is shared between buckets and prefixes.
        """
        mine, hashes = [], []
        for row in rows:
            state = to_row_state(row)
            if state.content_hash and state.is_live:
                hashes.append((_to_bytes(state.content_hash),))
            if row.get("bucket") == bucket and state.key and state.key.startswith(prefix):
                mine.append(_row_values(state))
        with self._transaction():
            self._connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", mine)
            self._connection.executemany("INSERT INTO hashes VALUES (?)", hashes)
            self.set_facts(ledger_after=after or "", ledger_done="" if after else "yes")

    def add_entries(self, entries: Iterable[IndexEntry], *, prefix: str, after: str) -> None:
        """Add a page of the index, and where the next one starts; empty at the end."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?)",
                (
                    (_key(entry.key), _to_bytes(entry.file_id), entry.version, entry.content_hash)
                    for entry in entries
                    if entry.key.startswith(prefix)
                ),
            )
            self.set_facts(index_after=after, index_done="" if after else "yes")

    def sort(self) -> None:
        """Make it ready to be read, once all is added."""
        self._connection.executescript(_INDEXES)

    def counts(self) -> tuple[int, int]:
        """How many rows and entries it holds."""
        query = "SELECT (SELECT count(*) FROM rows), (SELECT count(*) FROM entries)"
        rows, entries = self._connection.execute(query).fetchone()
        return rows, entries

    def known(self, *, after: bytes) -> Iterator[Known]:
        """Key, row and entry of every file after a key, in the order of the keys' bytes."""
        rows = self._stream("SELECT * FROM rows WHERE key > ? ORDER BY key", after)
        entries = self._stream("SELECT * FROM entries WHERE key > ? ORDER BY key", after)
        row, entry = next(rows, None), next(entries, None)
        while row is not None or entry is not None:
            key = min(head[0] for head in (row, entry) if head is not None)
            found_row, found_entry = None, None
            while row is not None and row[0] == key:
                found_row, row = _to_row(row), next(rows, None)
            while entry is not None and entry[0] == key:
                found_entry, entry = _to_entry(entry), next(entries, None)
            yield key, found_row, found_entry

    def tombstones(self, *, before: str) -> Iterator[tuple[str, int]]:
        """File id and fence of the rows that are tombstoned and unchanged since a time (ISO 8601)."""
        query = "SELECT file_id, fence FROM rows WHERE state = ? AND updated_at < ?"
        for file_id, fence in self._connection.execute(query, (State.TOMBSTONED.value, before)):
            yield file_id.hex(), fence

    def is_ledger_empty(self) -> bool:
        """Whether no row of the whole ledger names any content."""
        return self._connection.execute("SELECT 1 FROM hashes LIMIT 1").fetchone() is None

    def has_hash(self, content_hash: str) -> bool:
        """Whether a live row names this content."""
        query = "SELECT 1 FROM hashes WHERE hash = ?"
        return self._connection.execute(query, (_to_bytes(content_hash),)).fetchone() is not None

    def add_candidate(self, content_hash: str) -> None:
        """Note a content to be removed, unless a row names it by then."""
        self._connection.execute("INSERT OR IGNORE INTO candidates VALUES (?)", (_to_bytes(content_hash),))

    def drop_candidates(self, content_hashes: Iterable[str]) -> None:
        """Take contents off that list."""
        self._connection.executemany(
            "DELETE FROM candidates WHERE hash = ?", ((_to_bytes(each),) for each in content_hashes)
        )

    def candidates(self) -> Iterator[str]:
        """The list, sorted."""
        for (content_hash,) in self._stream("SELECT hash FROM candidates WHERE hash > ? ORDER BY hash", b""):
            yield content_hash.hex()

    def close(self, *, remove: bool) -> None:
        """Close the file; `remove` it where it is not needed any more."""
        self._connection.close()
        if remove:
            self._path.unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        # isolation_level None: transactions are explicit.
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        # Exclusive: one process a file, until it ends in whatever way. A lost file is read once more, so
        # nothing needs to be forced to the disk.
        for pragma in (
            "locking_mode = EXCLUSIVE",
            "journal_mode = TRUNCATE",
            "synchronous = OFF",
            "temp_store = FILE",
            f"cache_size = -{_CACHE_KB}",
        ):
            try:
                connection.execute(f"PRAGMA {pragma}")
            except sqlite3.OperationalError as error:
                connection.close()
                raise MisconfiguredError(
                    f"{self._path} is in use: another reconcile of the same prefix runs on this machine."
                ) from error
        return connection

    def _stream(self, query: str, after: bytes) -> Iterator[tuple[Any, ...]]:
        return iter(self._connection.execute(query, (after,)))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection)


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN")

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _make_private_folder(folder: Path) -> None:
    """Make a folder that only this user can read: it will name the users' files."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise MisconfiguredError(
            f"{folder} cannot be used: {error.strerror}. Set CIS_WORK_DIR to a folder with room."
        ) from error
    if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
        raise MisconfiguredError(f"{folder} belongs to somebody else: set CIS_WORK_DIR to another folder.")


def _key(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


def _to_bytes(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return digest.encode("utf-8", "surrogateescape")


def _row_values(row: RowState) -> tuple[object, ...]:
    return (
        _key(row.key),
        _to_bytes(row.file_id),
        row.state,
        row.fence,
        row.version,
        row.content_hash,
        row.updated_at,
        int(row.index_pending),
    )


def _to_row(values: tuple[Any, ...]) -> RowState:
    key, file_id, state, fence, version, content_hash, updated_at, index_pending = values
    return RowState(
        file_id=file_id.hex(),
        key=key.decode("utf-8", "surrogateescape"),
        state=state,
        fence=fence,
        version=version,
        content_hash=content_hash,
        updated_at=updated_at,
        index_pending=bool(index_pending),
    )


def _to_entry(values: tuple[Any, ...]) -> EntryState:
    key, file_id, fence, content_hash = values
    return EntryState(
        file_id=file_id.hex(),
        key=key.decode("utf-8", "surrogateescape"),
        fence=fence,
        content_hash=content_hash,
    )

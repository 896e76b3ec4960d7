"""The manifest of a home folder: what was ingested from which path, and with which result.

One row a path, written after the file's ledger row reached an end state, so that a run that is killed at any
moment keeps what it finished.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from worker.errors import MisconfiguredError
from worker.home.result import is_trouble
from worker.models.ledger import State

_WAIT_S = 30.0
# A path is stored as the bytes of the file system, which may be no UTF-8.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY,
    file_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    made_with TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    vectors_pending INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY AUTOINCREMENT);
"""
_COLUMNS = "path, file_id, size_bytes, mtime_ns, sha256, made_with, state, reason, vectors_pending"


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestEntry:
    """One ingested file.

    `size_bytes` and `mtime_ns` are as seen before its content was read; `sha256` is "" where it was not
    read. `made_with` is the extraction key and the embedding models; an entry made with others is stale. Of a
    file that met a limit it has the limits, too (`made_with.entry_made_with`).
    """

    path: str
    file_id: str
    size_bytes: int
    mtime_ns: int
    sha256: str
    made_with: str
    state: State
    reason: str | None = None
    vectors_pending: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Whether another run may get a better result."""
        return self.vectors_pending or is_trouble(self.state, self.reason)


class Manifest:
    """The manifest of one home.

    Every method raises MisconfiguredError when the file is damaged, full or forbidden.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translate_errors():
            # Without transactions: each statement commits, so a killed run keeps every finished file.
            self._db = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.executescript(_SCHEMA)
            except sqlite3.Error:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file; no method may be called afterwards."""
        self._db.close()

    def begin_run(self) -> int:
        """Count one more run; the number of earlier ones."""
        with self._translate_errors():
            return (self._db.execute("INSERT INTO runs DEFAULT VALUES").lastrowid or 1) - 1

    def get(self, path: str) -> ManifestEntry | None:
        """The entry of a path, None when nothing was ingested from it."""
        return next(self._select("WHERE path = ?", os.fsencode(path)), None)

    def below(self, folder: str) -> list[ManifestEntry]:
        """The entries of a path itself and of everything below it, by path."""
        # A range over the key instead of LIKE: paths are bytes, and may hold % and _.
        prefix = os.fsencode(folder).rstrip(b"/") + b"/"
        after = prefix[:-1] + bytes([prefix[-1] + 1])
        return list(
            self._select(
                "WHERE path = ? OR (path >= ? AND path < ?) ORDER BY path",
                os.fsencode(folder),
                prefix,
                after,
            )
        )

    def entries(self) -> Iterator[ManifestEntry]:
        """All entries, by path."""
        return self._select("ORDER BY path")

    def put(self, entry: ManifestEntry) -> None:
        """Write the entry of its path; it is committed when this returns."""
        with self._translate_errors():
            self._db.execute(
                f"INSERT OR REPLACE INTO files ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    os.fsencode(entry.path),
                    entry.file_id,
                    entry.size_bytes,
                    entry.mtime_ns,
                    entry.sha256,
                    entry.made_with,
                    entry.state.value,
                    entry.reason,
                    entry.vectors_pending,
                ),
            )

    def remove(self, path: str) -> None:
        """Remove the entry of a path."""
        with self._translate_errors():
            self._db.execute("DELETE FROM files WHERE path = ?", (os.fsencode(path),))

    def has_content(self, sha256: str) -> bool:
        """Whether any path has this content."""
        with self._translate_errors():
            rows = self._db.execute("SELECT 1 FROM files WHERE sha256 = ? LIMIT 1", (sha256,))
            return rows.fetchone() is not None

    def _select(self, rest: str, *values: object) -> Iterator[ManifestEntry]:
        with self._translate_errors():
            # `rest` is a constant of this file; what comes from a user is among the bound values.
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM files {rest}", values):  # noqa: S608  # nosec B608
                yield ManifestEntry(
                    path=os.fsdecode(row[0]),
                    file_id=row[1],
                    size_bytes=row[2],
                    mtime_ns=row[3],
                    sha256=row[4],
                    made_with=row[5],
                    state=State(row[6]),
                    reason=row[7],
                    vectors_pending=bool(row[8]),
                )

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            advice = (
                "free some space and make sure that you may write there"
                if isinstance(error, sqlite3.OperationalError)
                else "remove this file: everything is then ingested again"
            )
            raise MisconfiguredError(f"{self._path} cannot be used: {error}; {advice}") from error

"""GroupCommit: many documents in one transaction.

Each commit waits for the disk, and each leaves a segment of the full text that is merged later: what arrives
while another transaction runs goes into the next one together.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from worker.index.sqlite.sqlite_file import SqliteFile

MAX_WRITES = 100
"""Readers of other processes wait for no writer, but its log grows until it commits."""

Write = Callable[[sqlite3.Connection], None]


@dataclass(kw_only=True, slots=True, eq=False)
class _Waiting:
    write: Write
    done: bool = False
    error: BaseException | None = None


class GroupCommit:
    """Shared by the threads of a process."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._turn = threading.Lock()
        self._waiting: deque[_Waiting] = deque()

    def run(self, write: Write) -> None:
        """Run and commit `write`, with those of other threads; raises its error, which is its own alone."""
        entry = _Waiting(write=write)
        self._waiting.append(entry)
        with self._turn:
            # More than one group may be before it.
            while not entry.done:
                self._run_group()
        if entry.error is not None:
            raise entry.error

    def _run_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(MAX_WRITES, len(self._waiting)))]
        try:
            with self._file.write_transaction() as connection:
                for entry in group:
                    entry.error = _run(connection, entry.write)
        except BaseException as error:  # noqa: BLE001 - raised again in every thread of the group
            for entry in group:
                entry.error = error
        for entry in group:
            entry.done = True


def _run(connection: sqlite3.Connection, write: Write) -> Exception | None:
    """Run one write of a transaction; its error takes back no other's."""
    connection.execute("SAVEPOINT document")
    try:
        write(connection)
    except Exception as error:
        # What ails the file itself (a full disk) ails the whole transaction.
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
            raise
        connection.execute("ROLLBACK TO document")
        return error
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE document")
    return None

"""Many writes in one transaction, each with its own fate."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from worker.errors import LeaseLostError, UnavailableError
from worker.index.sqlite import group_commit
from worker.index.sqlite.group_commit import GroupCommit, Write
from worker.index.sqlite.sqlite_file import SqliteFile

pytestmark = pytest.mark.unit


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    with closing(SqliteFile(tmp_path / "index")) as opened:
        with opened.write_transaction() as connection:
            connection.execute("CREATE TABLE notes (text TEXT UNIQUE)")
        yield opened


def note(text: str, error: Exception | None = None) -> Write:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))
        if error is not None:
            raise error

    return write


def notes(file: SqliteFile) -> list[str]:
    with file.read_transaction() as connection:
        return [row["text"] for row in connection.execute("SELECT text FROM notes ORDER BY text")]


def test_a_refused_write_takes_back_itself_alone(file: SqliteFile) -> None:
    stale, commits = LeaseLostError("stale"), GroupCommit(file)
    others = [group_commit._Waiting(write=write) for write in (note("a"), note("b", stale))]
    commits._waiting.extend(others)
    commits.run(note("c"))
    assert [entry.error for entry in others] == [None, stale]
    assert notes(file) == ["a", "c"]


def test_threads_that_wait_share_one_transaction(file: SqliteFile) -> None:
    commits, leaders = GroupCommit(file), set[int]()
    entered, go_on, pause = threading.Event(), threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        assert go_on.wait(30)
        note("first")(connection)

    def write(number: int) -> None:
        def count(connection: sqlite3.Connection) -> None:
            leaders.add(threading.get_ident())
            note(f"{number:02}", ValueError("bad") if number == 7 else None)(connection)

        commits.run(count)

    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(commits.run, slow)
        assert entered.wait(30)
        others = [pool.submit(write, number) for number in range(20)]
        while len(commits._waiting) < 20:
            pause.wait(0.001)
        go_on.set()
        errors = [each.exception(30) for each in (first, *others)]
    assert [number for number, error in enumerate(errors) if error is not None] == [8]
    assert notes(file) == sorted([*(f"{number:02}" for number in range(20) if number != 7), "first"])
    assert len(leaders) == 1


def test_a_write_behind_several_groups_is_done_when_its_thread_goes_on(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_WRITES", 2)
    commits = GroupCommit(file)
    # Those of threads that have not had their turn: it is the last one's.
    waiting = [group_commit._Waiting(write=note(f"{number}")) for number in range(5)]
    commits._waiting.extend(waiting)
    commits.run(note("last"))
    assert notes(file) == ["0", "1", "2", "3", "4", "last"]
    assert all(entry.done for entry in waiting)


def test_a_failure_of_the_file_is_that_of_every_write(file: SqliteFile) -> None:
    def fail(_: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    commits = GroupCommit(file)
    other = group_commit._Waiting(write=note("a"))
    commits._waiting.append(other)
    with pytest.raises(UnavailableError, match="the disk is full"):
        commits.run(fail)
    assert isinstance(other.error, UnavailableError)
    assert notes(file) == []
    commits.run(note("b"))
    assert notes(file) == ["b"]

"""Opening the index's file, its transactions, and the translation of its errors."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.stand_ins.other_systems import home_of_ordinary_user, run_as_ordinary_user
from worker.errors import MisconfiguredError, UnavailableError
from worker.index.sqlite.sqlite_file import SqliteFile

pytestmark = pytest.mark.unit

_INSERT = "INSERT INTO page_terms (rowid, pairs) VALUES (1, 'term')"


@contextmanager
def reading_rows(file: SqliteFile) -> Iterator[Callable[[], int]]:
    """A read transaction, and a way to count its rows."""
    with file.read_transaction() as connection:

        def seen() -> int:
            return int(connection.execute("SELECT count(*) FROM page_terms").fetchone()[0])

        seen()
        yield seen


_READ_ONLY = """
import sys
from pathlib import Path
from worker.errors import MisconfiguredError
from worker.index.sqlite.sqlite_file import SqliteFile
try:
    file = SqliteFile(Path(sys.argv[1]))
    with file.read_transaction() as connection:
        print(connection.execute("SELECT count(*) FROM page_terms").fetchone()[0])
    with file.write_transaction() as connection:
        connection.execute("DELETE FROM files")
except MisconfiguredError as error:
    print(error)
"""


def count(file: SqliteFile) -> int:
    with reading_rows(file) as seen:
        return seen()


def test_a_new_file_gets_its_tables_and_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(SqliteFile(path)) as file, file.write_transaction() as connection:
        connection.execute(_INSERT)
    with closing(SqliteFile(path)) as file:
        assert count(file) == 1


def test_a_block_that_fails_is_rolled_back(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with file.write_transaction() as connection:
            connection.execute(_INSERT)
            raise KeyError("in the middle")

    with closing(SqliteFile(tmp_path / "index.sqlite")) as file:
        with pytest.raises(KeyError):
            write_and_fail()
        assert count(file) == 0


def test_readers_and_a_writer_do_not_block_each_other(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(SqliteFile(path, busy_timeout_s=0.01)) as writer, closing(SqliteFile(path)) as reader:
        with reading_rows(reader) as rows_seen:
            with writer.write_transaction() as connection:
                connection.execute(_INSERT)
            assert rows_seen() == 0
        assert count(reader) == 1


def test_a_writer_that_waits_too_long_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with (
        closing(SqliteFile(path)) as first,
        closing(SqliteFile(path, busy_timeout_s=0.01)) as second,
        first.write_transaction(),
    ):
        with (
            pytest.raises(UnavailableError, match=r"index\.sqlite.*try again") as caught,
            second.write_transaction(),
        ):
            pass
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_closing_twice_is_no_error(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "index.sqlite")
    file.close()
    file.close()
    with closing(SqliteFile(tmp_path / "index.sqlite")) as again, again.read_transaction() as connection:
        assert connection.execute("SELECT count(*) FROM files").fetchone()[0] == 0


def test_a_full_disk_is_unavailable_and_leaves_the_file_usable(tmp_path: Path) -> None:
    with closing(SqliteFile(tmp_path / "index.sqlite")) as file:
        with file.read_transaction() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UnavailableError, match="full"), file.write_transaction() as connection:
            connection.execute("INSERT INTO page_terms (rowid, pairs) VALUES (1, ?)", ("term " * 100_000,))
        assert count(file) == 0


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, and no database at all\n" * 100)
    with pytest.raises(MisconfiguredError, match=r"notes\.txt.*no SQLite database"):
        SqliteFile(path)
    assert path.read_text().startswith("these are notes")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match=r"missing/index\.sqlite.*folder exists"):
        SqliteFile(tmp_path / "missing" / "index.sqlite")


def test_a_damaged_file_is_misconfigured(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(SqliteFile(path)) as file, file.write_transaction() as connection:
        connection.executemany(
            "INSERT INTO page_terms (rowid, pairs) VALUES (?, ?)",
            ((number, f"term{number} " * 50) for number in range(500)),
        )
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with (
        pytest.raises(MisconfiguredError, match=r"index\.sqlite.*damaged"),
        closing(SqliteFile(path)) as file,
    ):
        count(file)


def test_a_database_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(MisconfiguredError, match="another program or version"):
        SqliteFile(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]


def test_an_index_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    SqliteFile(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(MisconfiguredError, match="format 999"):
        SqliteFile(path)


def test_a_programming_error_is_not_translated(tmp_path: Path) -> None:
    with closing(SqliteFile(tmp_path / "index.sqlite")) as file:
        with (
            pytest.raises(sqlite3.OperationalError, match="no such table"),
            file.read_transaction() as connection,
        ):
            connection.execute("SELECT * FROM nowhere")
        assert count(file) == 0


def test_several_processes_may_create_the_file_at_the_same_time(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from worker.index.sqlite.sqlite_file import SqliteFile\n"
        "for number in range(60):\n"
        "    sys.stdin.readline()\n"
        "    SqliteFile(Path(sys.argv[1]) / f'{number}.sqlite3').close()\n"
        "    print('made', flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    root = Path(__file__).parents[3]
    makers = [
        subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for _ in range(60):
        for maker in makers:
            assert maker.stdin is not None
            maker.stdin.write("go\n")
            maker.stdin.flush()
        for maker in makers:
            assert maker.stdout is not None
            assert maker.stdout.readline() == "made\n"
    assert [maker.wait(30) for maker in makers] == [0] * 6


def test_a_read_that_takes_too_long_is_ended_and_the_next_is_not(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
    with closing(SqliteFile(tmp_path / "index")) as file:
        with (
            pytest.raises(UnavailableError, match="took too long; use fewer words"),
            file.read_transaction(within_s=0.05) as connection,
        ):
            connection.execute(endless).fetchone()
        with file.read_transaction() as connection:
            assert connection.execute("SELECT 1").fetchone()[0] == 1


def test_a_file_that_may_not_be_written_can_be_read() -> None:
    with home_of_ordinary_user() as home:
        path = home / "index.sqlite"
        with closing(SqliteFile(path)) as file, file.write_transaction() as connection:
            connection.execute(_INSERT)
        path.chmod(0o444)
        home.chmod(0o555)
        rows, error = run_as_ordinary_user(_READ_ONLY, str(path), home=home).splitlines()
        home.chmod(0o755)

    assert rows == "1"
    assert "it is read-only" in error


def test_a_file_that_may_not_be_written_is_read_as_its_writer_left_it() -> None:
    with home_of_ordinary_user() as home:
        path = home / "index.sqlite"
        with closing(SqliteFile(path)) as file:
            with file.write_transaction() as connection:
                connection.execute(_INSERT)
            # What was written is in the log still, as long as the writer is there.
            for each in home.iterdir():
                each.chmod(0o444)
            home.chmod(0o555)
            rows, _ = run_as_ordinary_user(_READ_ONLY, str(path), home=home).splitlines()
            home.chmod(0o755)

    assert rows == "1"


def test_an_older_file_that_may_not_be_written_is_refused() -> None:
    with home_of_ordinary_user() as home:
        path = home / "index.sqlite"
        with closing(SqliteFile(path)) as file, file.read_transaction() as connection:
            connection.execute("PRAGMA user_version = 2")
        path.chmod(0o444)
        home.chmod(0o555)
        (error,) = run_as_ordinary_user(_READ_ONLY, str(path), home=home).splitlines()
        home.chmod(0o755)

    assert "has the format 2, not 3, and may not be written here" in error

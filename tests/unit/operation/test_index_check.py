"""The checks of the SQLite index; none creates it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from worker.config import load_settings
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.operation.doctor import run_checks
from worker.operation.finding import Finding, Level
from worker.operation.index_check import index_checks

pytestmark = pytest.mark.unit


def _found(path: Path | None) -> Finding:
    (found,) = run_checks(index_checks(load_settings(sqlite_path=path)), deadline_s=20)
    return found


def test_an_index_that_can_be_written_to_is_fine(tmp_path: Path) -> None:
    SqliteIndex(tmp_path / "index").close()
    assert _found(tmp_path / "index").level is Level.OK


def test_an_index_that_is_missing_is_not_created(tmp_path: Path) -> None:
    assert _found(tmp_path / "index").level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_an_index_in_a_folder_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    found = _found(tmp_path / "no" / "index")
    assert found.level is Level.FAILURE
    assert "Create the folder" in found.advice


def test_an_index_that_is_not_set_is_a_failure() -> None:
    found = _found(None)
    assert found.level is Level.FAILURE
    assert "CIS_SQLITE_PATH" in found.message


def test_a_file_of_another_format_is_a_failure(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "index")) as other:
        other.execute("PRAGMA user_version = 99")
    found = _found(tmp_path / "index")
    assert found.level is Level.FAILURE
    assert "format 99" in found.message


def test_a_file_that_is_no_database_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(b"something else entirely" * 100)
    found = _found(tmp_path / "index")
    assert found.level is Level.FAILURE
    assert "no SQLite database" in found.message


def test_a_file_that_another_process_locks_is_reported_as_busy(tmp_path: Path) -> None:
    SqliteIndex(tmp_path / "index").close()
    with closing(sqlite3.connect(tmp_path / "index", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = _found(tmp_path / "index")
    assert found.level is Level.FAILURE
    assert "other processes" in found.advice


def test_a_file_with_terms_of_another_analysis_is_a_failure_that_names_the_command(tmp_path: Path) -> None:
    SqliteIndex(tmp_path / "index").close()
    with closing(sqlite3.connect(tmp_path / "index", isolation_level=None)) as other:
        other.execute("UPDATE analysis SET version = '0 none'")
    found = _found(tmp_path / "index")
    assert found.level is Level.FAILURE
    assert "text analysis 0 none" in found.message
    assert "`cis-worker reindex`" in found.advice

"""`status` and `doctor` for a home: counts, remedies, and not a word of AWS."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.unit.cli.test_search import document
from worker.cli.home.opening import home_or_fleet
from worker.cli.operator import doctor, status
from worker.errors import MisconfiguredError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.ledger import State

pytestmark = pytest.mark.unit

APP = typer.Typer()
for command in (doctor, status):
    APP.command()(command)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(SqliteIndex(tmp_path / "index.sqlite3")) as index:
        index.index_document(document("/a/half.pdf", "one", "two"), version=1)
        for name in ("b", "c"):
            encrypted = replace(document(f"/a/{name}.pdf"), state=State.NO_CONTENT, reason="encrypted")
            index.index_document(encrypted, version=1)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APP, [*map(str, arguments)], catch_exceptions=False)


def test_the_files_of_a_home_are_counted_by_state_and_reason(home: Path) -> None:
    ended = run("status", "--home", home)
    assert (ended.exit_code, ended.stdout.splitlines()) == (
        0,
        [
            f"{home}: 3 files, 2 pages, 0.0 MiB",
            "  no_content           2",
            "  partial              1",
            "2 encrypted: Set CIS_PDF_PASSWORDS to its password (a PDF), then run the same ingest again.",
            "1 pages_failed: See its pages and their reasons (`cis-worker show FILE`); the next ingest tries "
            "again what a limit ended.",
            "The latest was read at 2026-11-21 00:00 UTC.",
            f"Which files: cis-worker list --unread --home {home}",
        ],
    )


def test_the_counts_are_values_for_programs(home: Path) -> None:
    assert json.loads(run("status", "--home", home, "--json").stdout) == {
        "home": str(home),
        "files": 3,
        "pages": 2,
        "size_bytes": 30,
        "states": {"no_content": 2, "partial": 1},
        "reasons": {"encrypted": 2, "pages_failed": 1},
        "last": "2026-11-21T00:00:00+00:00",
    }


def test_without_a_queue_the_home_of_the_user_is_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = home / "data" / "cis-worker"
    own.mkdir(parents=True)
    shutil.copy(home / "index.sqlite3", own)
    monkeypatch.setenv("XDG_DATA_HOME", str(own.parent))
    monkeypatch.delenv("CIS_QUEUE_URL", raising=False)
    assert run("status").stdout.startswith(f"{own}: 3 files")
    monkeypatch.setenv("CIS_QUEUE_URL", "https://sqs.example/1/q")
    assert home_or_fleet(None) is None
    (own / "index.sqlite3").unlink()
    monkeypatch.delenv("CIS_QUEUE_URL")
    assert home_or_fleet(None) is None


def test_a_home_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="nothing was ingested into"):
        run("status", "--home", tmp_path)


def test_the_doctor_of_a_home_says_nothing_of_aws(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    ended = run("doctor", "--home", home, "--json")
    subjects = {finding["subject"]: finding["level"] for finding in json.loads(ended.stdout)["findings"]}
    assert (subjects["home"], subjects["index"], "aws" in subjects) == ("ok", "ok", False)
    assert "credentials" not in ended.output

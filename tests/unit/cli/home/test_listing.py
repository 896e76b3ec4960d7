"""The command `list`: which files it takes, and what it prints of them."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.unit.cli.test_search import document
from worker.cli.home.listing import list_files
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import FileType
from worker.models.ledger import State

pytestmark = pytest.mark.unit

APP = typer.Typer()
APP.command()(list_files)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = document("/a/読めた.pdf", "text", "more")
    whole = {"state": State.INDEXED, "reason": None, "reason_message": ""}
    pages = (made.pages[0], replace(made.pages[1], text="", reason="timeout"))
    with closing(SqliteIndex(tmp_path / "index.sqlite3")) as index:
        for each in (
            replace(made, **whole),  # type: ignore[arg-type]
            replace(document("/a/half.pdf"), pages=pages),
            replace(document("/b/secret.docx"), state=State.NO_CONTENT, reason="encrypted"),
            replace(document("/b/note.txt", "n"), file_type=FileType.TEXT, **whole),  # type: ignore[arg-type]
        ):
            index.index_document(each, version=1)
        index.tombstone("id-/b/note.txt", version=2)
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(APP, [*arguments, "--home", str(home)])


def names(home: Path, *arguments: str) -> list[str]:
    return [json.loads(line)["file_name"] for line in run(home, *arguments, "--json").stdout.splitlines()]


def test_each_file_is_a_line_and_each_reason_has_its_remedy(home: Path) -> None:
    ended = run(home)
    assert ended.exit_code == 0
    assert ended.stdout.splitlines() == [
        "partial     pdf            2 p.  /a/half.pdf  (pages_failed, timeout)",
        "indexed     pdf            2 p.  /a/読めた.pdf",
        "no_content  pdf                  /b/secret.docx  (encrypted)",
        "3 files",
        "1 pages_failed: See its pages and their reasons (`cis-worker show FILE`); the next ingest "
        "tries again what a limit ended.",
        "1 timeout: Raise the CIS_*_TIMEOUT_S that it met, then run the same ingest again.",
        "1 encrypted: Set CIS_PDF_PASSWORDS to its password (a PDF), then run the same ingest again.",
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--unread"], ["half.pdf", "secret.docx"]),
        (["--state", "indexed"], ["読めた.pdf"]),
        (["--state", "partial", "--state", "no_content"], ["half.pdf", "secret.docx"]),
        (["--reason", "timeout"], ["half.pdf"]),
        (["--reason", "encrypted", "--type", "pdf"], ["secret.docx"]),
        (["--type", "txt"], []),
        (["--unread", "--state", "indexed"], []),
    ],
)
def test_options_choose(home: Path, arguments: list[str], found: list[str]) -> None:
    assert names(home, *arguments) == found
    assert run(home, *arguments).exit_code == (0 if found else 1)


def test_a_json_line_has_all_that_is_known(home: Path) -> None:
    line = json.loads(run(home, "--reason", "timeout", "--json").stdout)
    assert {name: line[name] for name in ("file_path", "state", "reason", "codes", "pages", "file_type")} == {
        "file_path": "/a/half.pdf",
        "state": "partial",
        "reason": "pages_failed",
        "codes": ["pages_failed", "timeout"],
        "pages": 2,
        "file_type": "pdf",
    }


@pytest.mark.parametrize("option", ["--state", "--reason", "--type"])
def test_a_value_that_no_file_can_have_is_a_mistake(home: Path, option: str) -> None:
    ended = run(home, option, "encripted")
    assert ended.exit_code == 2
    assert "encripted is none of" in ended.output

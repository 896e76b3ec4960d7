"""The command `export`: its forms, and what it leaves alone."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.unit.cli.test_search import document
from worker.cli.home.export import export
from worker.errors import MisconfiguredError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.ledger import State

pytestmark = pytest.mark.unit

APP = typer.Typer()
APP.command()(export)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    with closing(SqliteIndex(folder / "index.sqlite3")) as index:
        index.index_document(document("/d/報告.pdf", "一", "二"), version=1)
        index.index_document(document("/d/sub/b.txt", "b"), version=1)
        empty = replace(document("/d/secret.pdf"), state=State.NO_CONTENT, reason="encrypted")
        index.index_document(empty, version=1)
    return folder


def run(home: Path, to: Path | str, *arguments: str) -> Result:
    command = ["--to", str(to), "--home", str(home), *arguments]
    return CliRunner().invoke(APP, command, catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "suffix", "start"),
    [([], ".txt", "一\n\f二\n"), (["--format", "markdown"], ".md", "# 報告.pdf\n")],
)
def test_each_file_with_text_is_a_file(
    home: Path, tmp_path: Path, arguments: list[str], suffix: str, start: str
) -> None:
    ended = run(home, tmp_path / "out", *arguments)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"2 of 3 files written to {tmp_path / 'out'}; 1 without text\n"
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert found == [f"sub/b.txt{suffix}", f"報告.pdf{suffix}"]
    assert (tmp_path / "out" / f"報告.pdf{suffix}").read_text(encoding="utf-8").startswith(start)


def test_json_lines_have_every_file_and_go_to_a_file_or_standard_output(home: Path, tmp_path: Path) -> None:
    ended = run(home, tmp_path / "out.jsonl", "--format", "jsonl")
    assert ended.exit_code == 0
    text = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["file_name"], line["reason"]) for line in lines] == [
        ("secret.pdf", "encrypted"),
        ("b.txt", "pages_failed"),
        ("報告.pdf", "pages_failed"),
    ]
    assert [page["text"] for page in lines[2]["pages"]] == ["一", "二"]
    assert run(home, "-", "--format", "jsonl").stdout == text


def test_what_is_there_stays_unless_it_may_be_written_over(home: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(MisconfiguredError, match="exists; name another file"):
        run(home, tmp_path / "out.jsonl", "--format", "jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    assert run(home, tmp_path / "out.jsonl", "--format", "jsonl", "--overwrite").exit_code == 0
    with pytest.raises(MisconfiguredError, match="cannot be used"):
        run(home, tmp_path / "none" / "out.jsonl", "--format", "jsonl")


def test_with_nothing_to_write_the_status_is_1(tmp_path: Path) -> None:
    with closing(SqliteIndex(tmp_path / "index.sqlite3")):
        pass
    assert run(tmp_path, tmp_path / "out").exit_code == 1

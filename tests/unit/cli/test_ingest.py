"""The command `ingest`, as far as nothing has to be started for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from worker.cli.ingest import ingest
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit

APP = typer.Typer()
APP.command()(ingest)


@pytest.fixture(autouse=True)
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that only reports its version and languages; no test here needs OCR."""
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    languages = "printf 'List of available languages (2):\\neng\\njpn\\n'"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--list-langs*) {languages};; *) echo tesseract 5.3.0;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APP, [*map(str, arguments)], catch_exceptions=False)


def test_an_empty_folder_is_no_failure(docs: Path, tmp_path: Path) -> None:
    ended = run(docs, "--home", tmp_path / "home")
    assert ended.exit_code == 0
    assert "0 files, 0 pages in " in ended.stdout


def test_with_json_there_is_nothing_but_json_on_standard_output(docs: Path, tmp_path: Path) -> None:
    # It can be opened, but not read, not even by root.
    (docs / "a[b].txt").symlink_to("/proc/self/mem")
    ended = run(docs, "--home", tmp_path / "home", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == {
        "file_path": str(docs / "a[b].txt"),
        "file_id": json.loads(ended.stdout)["file_id"],
        "state": "failed",
        "reason": "Input/output error",
        "file_type": None,
        "pages": 0,
        "text_chars": 0,
        "language": None,
        "confidence": None,
        "text_sources": [],
        "seconds": 0.0,
        "skipped": False,
    }
    assert "a[b].txt: failed: Input/output error" in ended.stderr
    assert "1 failed: Input/output error\n" in ended.stderr


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="no such file or folder"):
        run(tmp_path / "missing", "--home", tmp_path / "home")


@pytest.mark.parametrize("arguments", [[], ["--home", "x"]])
def test_a_missing_argument_is_a_usage_error(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.exit_code == 2
    assert "Missing" in ended.stderr


def test_the_help_has_an_example_and_the_exit_statuses() -> None:
    help_text = " ".join(run("--help").stdout.split())
    assert "cis-worker ingest ~/Documents --home" in help_text
    assert "130 after Ctrl-C" in help_text


def test_a_dry_run_prints_what_would_be_read_and_leaves_no_trace(docs: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "b.bak", ".hidden", "Thumbs.db"):
        (docs / name).write_text("x")
    ended = run(docs, "--home", tmp_path / "home", "--dry-run", "--exclude", "*.bak")
    assert (ended.exit_code, ended.stdout.splitlines()) == (
        0,
        [
            f"read    {docs / 'a.txt'}",
            "1 to read, 0 to remove, 0 unchanged, 0 unreadable, 3 left out by name. Nothing was done.",
        ],
    )
    assert not (tmp_path / "home").exists()
    lines = run(docs, "--home", tmp_path / "home", "--dry-run", "--json", "--all", "--include", "*.bak")
    assert [json.loads(line) for line in lines.stdout.splitlines()] == [
        {"action": "read", "file_path": str(docs / "b.bak"), "size_bytes": 1}
    ]


def test_a_language_without_a_model_is_one_error_before_anything_is_started(
    docs: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        MisconfiguredError, match=r"^--lang asks for deu, .* or set --lang to some of eng, jpn"
    ):
        run(docs, "--home", tmp_path / "home", "--lang", "deu,jpn")
    assert not (tmp_path / "home").exists()


def test_quiet_prints_no_summary(docs: Path, tmp_path: Path) -> None:
    ended = run(docs, "--home", tmp_path / "home", "-q")
    assert (ended.exit_code, ended.output) == (0, "")


def test_a_stop_before_anything_is_begun_is_said_in_one_line(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # While the tools are looked for: the program sends the signal of Ctrl-C to the command.
    program = tmp_path / "bin" / "tesseract"
    program.write_text(f"#!/bin/sh\nkill -INT {os.getpid()}\nsleep 5\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ended = run(docs, "--home", tmp_path / "home")
    assert ended.exit_code == 130
    assert ended.stderr == "cis-worker: stopped before anything was begun; nothing has changed\n"
    assert not (tmp_path / "home").exists()

"""The probe of the reading programs: a process of its own, and every way in which it can fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from worker.errors import Code, MisconfiguredError
from worker.extract.tools import Tools
from worker.sandbox.probe_client import ToolReport, probe_tools, report_tools

pytestmark = pytest.mark.unit

TOOLS = Tools(tesseract="5.3.0", languages=("eng", "jpn"), libre_office="7.4.7.2")


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script into the place of Python, which would run the probe process."""
    program = tmp_path / "python"

    def put(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return put


def _echo(report: object) -> str:
    return f"echo '{json.dumps(report)}'"


def test_the_report_is_the_last_line(play: Callable[[str], None]) -> None:
    play("echo a library says hello; " + _echo({"tools": asdict(TOOLS), "problem": ""}))
    assert report_tools({}) == ToolReport(tools=TOOLS, problem="")
    assert probe_tools({}) == TOOLS


def test_a_program_that_is_missing_is_a_report_for_the_doctor_and_an_error_for_a_reader(
    play: Callable[[str], None],
) -> None:
    play(_echo({"tools": asdict(TOOLS), "problem": "Tesseract is not installed."}))
    assert report_tools({}).problem == "Tesseract is not installed."
    with pytest.raises(MisconfiguredError, match="Tesseract is not installed") as raised:
        probe_tools({})
    assert raised.value.code is Code.PROGRAM_MISSING


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'ImportError: no libtesseract' >&2; exit 3", "status 3: ImportError: no libtesseract"),
        ("exit 1", "status 1: no message"),
        ("true", "printed no report"),
        ("echo hello", "printed no report"),
        (_echo([1]), "printed no report"),
        (_echo({"tools": {}, "problem": ""}), "printed no report"),
        (_echo({"tools": asdict(TOOLS) | {"tesseract": 5}, "problem": ""}), "printed an invalid report"),
        (_echo({"tools": asdict(TOOLS) | {"languages": "jpn"}, "problem": ""}), "printed an invalid report"),
        (_echo({"tools": asdict(TOOLS), "problem": None}), "printed an invalid report"),
    ],
)
def test_a_probe_that_fails_says_how(play: Callable[[str], None], script: str, message: str) -> None:
    play(script)
    with pytest.raises(MisconfiguredError, match=message):
        report_tools({})


def test_a_probe_that_hangs_is_ended(play: Callable[[str], None]) -> None:
    play("exec sleep 60")
    with pytest.raises(MisconfiguredError, match="did not end within"):
        report_tools({"PATH": "/usr/bin:/bin"}, timeout_s=0.2)


def test_the_real_probe_names_a_program_on_the_path(tmp_path: Path) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho tesseract 5.3.0\n")
    program.chmod(0o755)
    report = report_tools({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert (report.tools.tesseract, report.problem) == ("5.3.0", "")

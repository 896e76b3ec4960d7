"""The report of the programs that are installed, as a process prints it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from worker.sandbox.probe_process import probe_report

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("line", "version"), [("echo LibreOffice 7.4.7.2 '40(Build:2)'", "7.4.7.2"), ("exit 1", "")]
)
def test_without_tesseract_libre_office_is_reported_all_the_same(
    tmp_path: Path, line: str, version: str
) -> None:
    # In a process of its own, because pytesseract remembers the version that another test saw.
    (tmp_path / "soffice").write_text(f"#!/bin/sh\n{line}\n")
    (tmp_path / "soffice").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "worker.sandbox.probe_process"],
        env={"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        timeout=60,
    )

    report = json.loads(done.stdout.splitlines()[-1])

    assert (report["tools"]["tesseract"], report["tools"]["libre_office"]) == ("", version)
    assert "tesseract" in report["problem"].lower()


def test_with_tesseract_there_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tesseract").write_text("#!/bin/sh\necho tesseract 5.3.0\n")
    (tmp_path / "tesseract").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert probe_report()["problem"] == ""

"""The real command, once from start to end and once interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

pytestmark = pytest.mark.e2e

_PROGRAMS = ("tesseract", "pdftoppm")
_DEMO_S = 800
_END_S = 120.0


def command(home: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "worker", "demo", "--home", str(home), *options]


@pytest.mark.slow
def test_an_interrupted_scan_is_finished_without_loss_or_repetition(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    for program in _PROGRAMS:
        require_program(program)
    home = tmp_path / "home"

    ended = subprocess.run(
        command(home, "--json"), capture_output=True, text=True, timeout=_DEMO_S, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads(ended.stdout)
    assert report["passed"] is True
    assert [check["name"] for check in report["checks"] if not check["passed"]] == []
    first, second = report["scan"]["pages_by_worker"]
    assert first > 0
    assert second > 0
    assert first + second == report["scan"]["pages"] == 12
    reasons = {document["file"]: document["reason"] for document in report["documents"]}
    assert sorted(filter(None, reasons.values())) == ["corrupt", "encrypted"]
    assert report["searches"][0]["hits"][0]["file_name"] == "営業報告書.pdf"
    assert "Spot notice" in ended.stderr
    page = Path(report["report"]).read_text(encoding="utf-8")
    assert page.count("data:image/webp;base64,") >= 8
    assert "<mark>営業</mark>" in page
    assert f"All {len(report['checks'])} checks passed" in page


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()

    ended = subprocess.run(command(tmp_path), capture_output=True, text=True, timeout=_END_S, check=False)

    assert ended.returncode == 2
    assert "left alone" in ended.stderr
    assert "Traceback" not in ended.stderr


def lines(stdout: IO[str]) -> Iterator[str]:
    while line := stdout.readline():
        yield line


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_from_outside_leaves_no_process(
    number: signal.Signals, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("tesseract")
    demo = subprocess.Popen(
        command(tmp_path / "home"), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert demo.stdout is not None
        assert any("are uploaded" in line for line in lines(demo.stdout))
        family = psutil.Process(demo.pid).children(recursive=True)
        assert len(family) > 1

        # To the whole group, as a terminal does with Ctrl-C.
        os.killpg(demo.pid, number)

        demo.stdout.read()
        assert demo.wait(_END_S) != 0
        _, alive = psutil.wait_procs(family, timeout=_END_S)
        assert alive == []
    finally:
        demo.kill()

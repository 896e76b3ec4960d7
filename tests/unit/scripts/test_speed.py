"""What makes the suite quick loses no line that is to be measured, and no worker's data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.unit.source_file import ROOT

pytestmark = pytest.mark.unit

_MODULE = """\
from tests.speed.tracing import untraced

def around():
    untraced(inside)()
    try:
        untraced(fail)()
    except ValueError:
        return after()

def inside():
    return 1

def fail():
    raise ValueError

def after():
    return 2

def whole():
    return 3
"""
_TESTS = {
    "tests/e2e/test_whole.py": "import module\ndef test_whole(): assert module.whole() == 3\n",
    "tests/unit/test_module.py": "import module\ndef test_module(): assert module.around() == 2\n",
}


@pytest.fixture
def missing_lines(tmp_path: Path) -> list[str]:
    """The lines of the module above that did not run, says coverage of a run of these two tests."""
    (tmp_path / "module.py").write_text(_MODULE, encoding="utf-8")
    for name, text in _TESTS.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = tmp_path / "report.json"
    options = ("-p", "tests.speed.tracing", "--import-mode=importlib", "--cov=module", "--cov-branch")
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", *options, f"--cov-report=json:{report}", "tests"),
        cwd=tmp_path,
        # A core that traces, on every Python.
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "COVERAGE_CORE": "ctrace"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = _MODULE.splitlines()
    missing = json.loads(report.read_text(encoding="utf-8"))["files"]["module.py"]["missing_lines"]
    return [lines[number - 1].strip() for number in missing]


def test_all_is_measured_but_what_is_untraced_and_tests_of_the_whole_worker(missing_lines: list[str]) -> None:
    assert missing_lines == ["return 1", "raise ValueError", "return 3"]


def test_sessions_share_what_they_read_and_search_no_folder_twice() -> None:
    first, second = (boto3.Session()._session.get_component("data_loader") for _ in range(2))
    assert first is second
    assert len(first.search_paths) == len(set(first.search_paths))
    assert any("boto3" in path for path in first.search_paths)

"""Options become the arguments of pytest, and the coverage floors apply to the whole suite alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.suite.modules import ModuleTests
from scripts.suite.options import Mode, parse
from scripts.suite.place import ROOT
from scripts.suite.run import PARALLEL, pytest_arguments

pytestmark = pytest.mark.unit


def arguments(line: str) -> list[str]:
    return pytest_arguments(parse(line.split()), ModuleTests())


def test_everything_is_run_in_parallel_with_a_report() -> None:
    assert arguments("") == [
        *("-n", "logical", "--dist", "loadscope", "--no-loadscope-reorder"),
        "--junit-xml=reports/junit.xml",
    ]


def test_make_flaky_runs_them_in_parallel_alike(require_program: Callable[[str], str]) -> None:
    command = [require_program("make"), "--dry-run", "flaky", f"BIN={Path(sys.executable).parent}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"scripts/flaky.py 1 --whole-suite {' '.join(PARALLEL)} -m" in printed


def test_options_combine() -> None:
    found = arguments("--module aws --pattern lease --coverage --failfast --verbose --select unit -- -n0")
    assert {"-k", "lease", "-m", "unit", "--exitfirst", "--verbose"} <= set(found)
    assert {"--cov=worker/aws", "--cov-report=html:reports/coverage"} <= set(found)
    assert found.index("-n0") < found.index("tests/unit/aws")
    assert "tests/integration/aws" in found


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("extract.ocr", "worker/extract/ocr"),
        ("aws/queue_manager", "worker.aws.queue_manager"),
        ("consumer", "worker.consumer"),
    ],
)
def test_coverage_is_that_of_the_module(name: str, source: str) -> None:
    assert f"--cov={source}" in arguments(f"--coverage --module {name}")


def test_two_modules_are_run_together_and_no_place_twice() -> None:
    found = arguments("--module index --module aws --module index")
    assert {"tests/unit/index", "tests/unit/aws"} <= set(found)
    assert len(found) == len(set(found))


def test_a_report_that_is_asked_for_replaces_the_table_and_html_is_always_made() -> None:
    found = [
        one for one in arguments("--coverage -- --cov-report=xml:x.xml") if one.startswith("--cov-report")
    ]
    assert found == ["--cov-report=html:reports/coverage", "--cov-report=xml:x.xml"]


@pytest.mark.parametrize(
    ("line", "is_whole"),
    [
        ("", True),
        ("--coverage --verbose -- --cov-report=term --cov-fail-under=85 -n 0", True),
        ("--integration", True),
        ("--module aws", False),
        ("--pattern lease", False),
        ("--select unit", False),
        ("--failfast", False),
        ("-- --last-failed", False),
        ("-- tests/unit/test_events.py", False),
    ],
)
def test_only_a_run_that_nothing_narrows_is_whole(line: str, is_whole: bool) -> None:
    assert parse(line.split()).is_whole_suite is is_whole


@pytest.mark.parametrize(
    ("line", "mode"), [("", Mode.LOCAL), ("--container", Mode.CONTAINER), ("--integration", Mode.INTEGRATION)]
)
def test_a_mode_is_chosen_by_its_flag(line: str, mode: Mode) -> None:
    assert parse(line.split()).mode is mode


@pytest.mark.parametrize("line", ["--container --integration", "--modul aws", "aws", "--module"])
def test_a_mistake_ends_with_status_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(line.split())
    assert ended.value.code == 2
    assert "scripts/test: error:" in capsys.readouterr().err


def test_help_fits_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    output = capsys.readouterr().out
    assert ended.value.code == 0
    assert [line for line in output.splitlines() if len(line) > 80] == []
    flags = (
        "--container --integration --module --pattern --coverage --failfast --list-modules --verbose --help"
    )
    assert [flag for flag in flags.split() if flag not in output] == []

"""After `make flaky` over the whole suite its reports are read together, and the floors are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.flaky import HISTORY, check_whole_suite

pytestmark = pytest.mark.unit

REPORT = """<testsuites><testsuite time="9" timestamp="2026-11-30T02:41:0{number}+00:00">
<testcase classname="t.test_a" name="test_x" time="9">{ending}</testcase></testsuite></testsuites>"""


@pytest.fixture
def reports(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "1.xml", tmp_path / "2.xml", tmp_path / "3.xml"]
    for number, path in enumerate(paths[:2]):
        ending = "<failure/>" if number else ""
        path.write_text(REPORT.format(number=number, ending=ending), encoding="utf-8")
    return paths


def test_reports_are_kept_and_a_run_without_one_is_named(
    tmp_path: Path, reports: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").touch()
    check_whole_suite(reports, tmp_path)
    output = capsys.readouterr().out
    assert len([*(tmp_path / HISTORY).glob("*.xml")]) == 2
    assert "flaky: 3.xml is no JUnit report" in output
    assert "history: t/test_a.py::test_x failed in 1 of 2 runs (50%)" in output


def test_floors_that_cannot_be_checked_are_a_failure(
    tmp_path: Path, reports: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "module.py").touch()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.cis-worker.coverage-floors]\n"module.py" = 90\n', encoding="utf-8"
    )
    assert check_whole_suite(reports, tmp_path) == 1
    assert "no coverage data" in capsys.readouterr().out

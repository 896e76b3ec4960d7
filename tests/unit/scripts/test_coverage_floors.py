"""A module under its floor is named with its figure, the floor and what did not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.suite.coverage_floors import Floor, main, measure, ranges, read_floors, report_of, show
from scripts.suite.place import ROOT, RefusedError

pytestmark = pytest.mark.unit

WANTED = {
    "worker/file_processor.py": 90,
    "worker/aws/storage_handler.py": 90,
    "worker/aws/queue_manager.py": 90,
    "worker/resilience/retry_handler.py": 90,
    "worker/extract/ocr/ocr_engine.py": 85,
    "worker/aws/bedrock_client.py": 85,
    "worker/index/opensearch/index_manager.py": 85,
    "worker/spot_handler.py": 80,
}


def file_report(percent: float, lines: list[int], branches: list[list[int]]) -> dict[str, Any]:
    return {
        "summary": {"percent_covered": percent},
        "missing_lines": lines,
        "missing_branches": branches,
    }


def test_the_floors_are_those_of_the_modules_that_matter_most() -> None:
    assert read_floors() == WANTED


def test_a_module_below_its_floor_is_named_with_all_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    report = {"files": {"worker/a.py": file_report(89.996, [7, 40, 41, 42], [[7, 8], [50, 60], [52, -1]])}}
    assert show(measure({"worker/a.py": 90}, report)) == 1
    assert capsys.readouterr().out == (
        "coverage floor: worker/a.py: 89.99 % covered, the floor is 90 %; "
        "missing: 7, 40-42, 50->60, 52->exit\n"
        "coverage floors: 0 of 1 kept\n"
    )


def test_a_module_on_its_floor_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    report = {"files": {"worker/a.py": file_report(80.0, [1, 2], [])}}
    assert show(measure({"worker/a.py": 80}, report)) == 0
    assert capsys.readouterr().out == "coverage floors: 1 of 1 kept\n"


def test_a_module_that_was_not_measured_is_below_every_floor() -> None:
    (floor,) = measure({"worker/a.py": 80}, {"files": {}})
    assert floor.is_broken


def test_github_gets_an_annotation_at_the_line_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    show([Floor(path="worker/a.py", least_percent=90, percent=50, missing_lines=(12, 13))])
    assert "::error file=worker/a.py,line=12::worker/a.py: 50.00 %25 covered" in capsys.readouterr().out
    assert "| `worker/a.py` | 50.00 | 90 | 12-13 |" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_neighbours_are_joined() -> None:
    assert ranges([3, 1, 2, 9, 5, 6]) == ["1-3", "5-6", "9"]
    assert ranges([]) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("", "no table"),
        ('[tool.cis-worker.coverage-floors]\n"worker/gone.py" = 90\n', "worker/gone.py, which is not there"),
    ],
)
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, settings: str, words: str) -> None:
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(RefusedError, match=words):
        read_floors(tmp_path)


def test_data_that_cannot_be_read_is_refused_and_not_taken_for_no_coverage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "data"
    damaged.write_bytes(b"no data")
    with pytest.raises(RefusedError, match="cannot be read"):
        report_of(damaged, ["worker/spot_handler.py"], ROOT)
    assert main([str(tmp_path / "absent")]) == 2
    assert "run scripts/test --coverage first" in capsys.readouterr().err

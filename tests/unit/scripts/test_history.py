"""What a hundred reports say together: tests that fail now and then, and what became slower."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from scripts.suite.history import add, find_failing, find_slower, main, read_history

pytestmark = pytest.mark.unit

FIRST = datetime(2026, 11, 1, 2, 41, tzinfo=UTC)
Case = tuple[str, float, str]


def case(name: str, seconds: float = 1.0, ending: str = "") -> Case:
    """A test of a module by `module.test`; its ending is failure, error, skipped or nothing."""
    return name, seconds, ending


def write_run(folder: Path, number: int, *cases: Case, seconds: float = 100.0) -> Path:
    """The report of the run of one night."""
    lines = []
    for name, each_s, ending in cases:
        module, _, test = name.rpartition(".")
        inner = f'<{ending} message="x"/>' if ending else ""
        lines.append(
            f"<testcase classname={quoteattr(module)} name={quoteattr(test)} time='{each_s}'>"
            f"{inner}</testcase>"
        )
    started = (FIRST + timedelta(days=number)).isoformat()
    path = folder / f"{number:03}.xml"
    path.write_text(
        f'<testsuites><testsuite name="pytest" time="{seconds}" timestamp="{started}">{"".join(lines)}'
        "</testsuite></testsuites>",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("runs", "failures", "is_noted"), [(100, 2, False), (100, 3, True), (50, 1, False), (49, 1, True)]
)
def test_more_than_two_of_a_hundred_failures_are_noted(
    tmp_path: Path, runs: int, failures: int, is_noted: bool
) -> None:
    for number in range(runs):
        write_run(tmp_path, number, case("t.test_a.test_x", ending="failure" if number < failures else ""))
    found = find_failing(read_history(tmp_path).runs)
    assert [one.line for one in found] == (
        [f"t/test_a.py::test_x failed in {failures} of {runs} runs ({failures / runs:.0%})"]
        if is_noted
        else []
    )


def test_errors_count_skipped_runs_do_not_and_the_worst_is_first(tmp_path: Path) -> None:
    for number, (one, other) in enumerate(
        [("error", "skipped"), ("", "failure"), ("", "skipped"), ("", "skipped")]
    ):
        write_run(
            tmp_path, number, case("t.test_a.TestB.test_x", ending=one), case("t.test_a.test_y", ending=other)
        )
    assert [(one.test, one.failures, one.runs) for one in find_failing(read_history(tmp_path).runs)] == [
        ("t/test_a.py::test_y", 1, 1),
        ("t/test_a.py::TestB::test_x", 1, 4),
    ]


@pytest.mark.parametrize(
    ("newest_s", "is_noted"), [(119.0, False), (120.0, False), (121.0, True), (60.0, False)]
)
def test_a_suite_a_fifth_slower_than_the_median_of_ten_is_noted(
    tmp_path: Path, newest_s: float, is_noted: bool
) -> None:
    """The first two runs are older than ten, and one of the ten took long by accident."""
    for number, seconds in enumerate([10.0, 10.0, *[100.0] * 9, 900.0, newest_s]):
        write_run(tmp_path, number, case("t.test_a.test_x"), seconds=seconds)
    found = find_slower(read_history(tmp_path).runs)
    assert [(one.subject, one.median_s, one.runs) for one in found] == (
        [("the suite", 100.0, 10)] if is_noted else []
    )


def test_a_slower_module_is_noted_where_the_suite_hides_it(tmp_path: Path) -> None:
    for number in range(6):
        slow_s, short_s = (30.0, 2.0) if number == 5 else (20.0, 1.0)
        write_run(
            tmp_path,
            number,
            *(
                case("t.test_a.test_x", slow_s),
                case("t.test_a.test_y", 10.0),
                case("t.test_b.test_z", short_s),
            ),
        )
    (found,) = find_slower(read_history(tmp_path).runs)
    assert found.line == "t/test_a.py took 40 s, 33% more than the 30 s of the median of 5 runs before"


def test_few_runs_say_nothing_about_time(tmp_path: Path) -> None:
    for number, seconds in enumerate([100.0, 100.0, 1_000.0]):
        write_run(tmp_path, number, case("t.test_a.test_x"), seconds=seconds)
    assert find_slower(read_history(tmp_path).runs) == []


def test_runs_are_ordered_by_their_time_and_not_by_their_name(tmp_path: Path) -> None:
    for number, seconds in enumerate([100.0, 100.0, 100.0, 500.0]):
        report = write_run(tmp_path, number, case("t.test_a.test_x"), seconds=seconds)
        report.rename(tmp_path / f"{9 - number}.xml")
    assert [one.seconds for one in find_slower(read_history(tmp_path).runs)] == [500.0]


def test_what_is_no_report_is_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, 0, case("t.test_a.test_x"))
    write_run(tmp_path, 1)
    (tmp_path / "half.xml").write_text("<testsuites><testsuite", encoding="utf-8")
    assert main([str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "ignored: 001.xml has no tests" in output
    assert "ignored: half.xml is no JUnit report" in output
    assert "1 runs, the last of 1 tests" in output


def test_a_module_that_cannot_be_imported_is_a_failure_of_its_file(tmp_path: Path) -> None:
    """pytest gives such a case no class, and its module's name."""
    (tmp_path / "0.xml").write_text(
        '<testsuite time="1"><testcase classname="" name="t.test_a" time="0"><error/></testcase></testsuite>',
        encoding="utf-8",
    )
    assert [one.test for one in find_failing(read_history(tmp_path).runs)] == ["t/test_a.py"]


def test_a_report_is_added_under_its_time_and_the_oldest_go(tmp_path: Path) -> None:
    folder, reports = tmp_path / "history", tmp_path / "reports"
    reports.mkdir()
    for number in range(4):
        add(write_run(reports, number, case("t.test_a.test_x")), folder, keep=2)
    assert [path.name for path in sorted(folder.iterdir())] == [
        *("20261103T024100.000000.xml", "20261104T024100.000000.xml")
    ]


def test_a_report_that_is_absent_cannot_be_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--add", str(tmp_path / "absent.xml")]) == 2
    assert "absent.xml is no JUnit report" in capsys.readouterr().err


def test_a_folder_that_is_absent_or_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = write_run(tmp_path, 0, case("t.test_a.test_x"))
    for path, what in ((tmp_path / "absent", "is not there"), (report, "is a file and no folder")):
        assert main([str(path)]) == 2
        output = capsys.readouterr()
        assert (output.out, f"{path} {what}" in output.err) == ("", True)
        assert "make history" in output.err


def test_the_slowest_modules_of_the_newest_run_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, 0, case("t.test_old.test_x", 900.0))
    write_run(
        tmp_path,
        1,
        case("t.test_a.test_x", 2.0),
        case("t.test_b.test_x", 4.0),
        case("t.test_b.TestC.test_y", 5.0),
    )
    assert main([str(tmp_path), "--slowest", "1"]) == 0
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines() if " s  " in line] == [
        ["9.0", "s", "2", "tests", "t/test_b.py"]
    ]


def test_github_gets_warnings_and_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    folder = tmp_path / "history"
    folder.mkdir()
    for number, seconds in enumerate([100.0] * 4 + [200.0]):
        write_run(
            folder, number, case("t.test_a.test_x[a|b]", ending="failure" if number else ""), seconds=seconds
        )
    assert main([str(folder)]) == 0
    output = capsys.readouterr().out
    assert "::warning::t/test_a.py::test_x[a|b] failed in 4 of 5 runs (80%25)" in output
    assert "::warning::the suite took 200 s, 100%25 more than the 100 s" in output
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| `t/test_a.py::test_x[a\\|b]` | 4 of 5 |" in summary
    assert "| the suite | 200 | 100 |" in summary
    assert "| t/test_a.py | 1 | 1 |" in summary

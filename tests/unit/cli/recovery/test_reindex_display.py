"""What reindex prints: what was done, what is missing, and what to do next."""

from __future__ import annotations

import pytest

from worker.cli.recovery.reindex_display import ReindexDisplay, print_result, result_values
from worker.errors import UnavailableError
from worker.maintenance.progress import Progress
from worker.maintenance.reindex.reindex import ReindexResult

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("command", "result", "stopped", "said"),
    [
        ("run", ReindexResult(new="v2", is_needless=True, is_complete=True), False, "v2 is as this program"),
        ("run", ReindexResult(new="v2"), True, "nothing was switched"),
        ("run", ReindexResult(new="v2", is_switched=True), True, "v2 is searched already"),
        ("run", ReindexResult(old="v1", new="v2", live=(9, 8)), False, "lacks files: run the same command"),
        (
            "run",
            ReindexResult(old="v1", new="v2", live=(1843, 1844), ahead=3, is_complete=True),
            False,
            "v1 has 1,843 files, v2 has 1,844.\nOf 3 files the new one has later news.\nv2 is searched.",
        ),
        (
            "run",
            ReindexResult(refused={"b", "a"}, is_complete=True),
            False,
            "2 files are found by their name only (index_rejected): a, b.",
        ),
        (
            "roll_back",
            ReindexResult(new="v1", is_complete=True),
            False,
            "v1 is searched and written to again.",
        ),
        ("roll_back", ReindexResult(new="v1", behind=4, is_complete=True), False, "4 files of it are older"),
        ("roll_back", ReindexResult(new="v1"), True, "Stopped before it had what came since."),
        ("remove_old", ReindexResult(old="v1", new="v2", is_complete=True), False, "v1 is deleted; v2 is"),
    ],
)
def test_the_end_says_what_was_done_and_what_is_next(
    command: str,
    result: ReindexResult,
    stopped: bool,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_result(command, result, is_stopped=stopped)
    assert said in capsys.readouterr().out


def test_files_that_lack_news_after_a_rollback_are_queued_by_reconcile(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_result("roll_back", ReindexResult(new="v1", is_complete=True), is_stopped=False)
    assert "reconcile" not in capsys.readouterr().out
    print_result("roll_back", ReindexResult(new="v1", behind=4, is_complete=True), is_stopped=False)
    assert "reconcile s3://BUCKET/ --fix" in capsys.readouterr().out.replace("\n", " ")


def test_values_are_those_of_the_result() -> None:
    result = ReindexResult(old="v1", new="v2", live=(2, 3), made=7, ahead=1, behind=4, refused={"b", "a"})
    assert result_values("run", result) == {
        "command": "run",
        "from": "v1",
        "to": "v2",
        "files_from": 2,
        "files_to": 3,
        "written": 7,
        "newer": 1,
        "missing": 4,
        "by_name_only": ["a", "b"],
        "switched": False,
        "needless": False,
        "complete": False,
    }


def test_progress_and_outages_are_lines_elsewhere_than_on_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ReindexDisplay() as display:
        display.report("fill", Progress(done=500, total=2_000, rate=50.0, elapsed_s=10.0))
        display.outage(UnavailableError("OpenSearch does not answer."))
    text = capsys.readouterr().err
    assert "filling the new index: 500 of about 2,000, 50/s, 0:00:30 left" in text
    assert "OpenSearch does not answer. Trying again in a while." in text

"""How a sweep is shown: progress, the end, and where it stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from worker.cli.interruption import Interruption
from worker.cli.progress_line import describe
from worker.cli.sweep_display import SweepDisplay, print_tally
from worker.maintenance.comparison import Finding
from worker.maintenance.progress import Progress
from worker.maintenance.sweep import ReconcileRequest, Tally

pytestmark = pytest.mark.unit

REQUEST = ReconcileRequest(bucket="source", prefix="a/", snapshots=Path())


def _tally(*, is_fix: bool = False) -> Tally:
    tally = Tally(run_id="1", started_at="", is_fix=is_fix, after="a/\x1b[31m.txt", objects=1_500)
    for number in range(25):
        tally.count(Finding.OBJECT_GONE, key=f"{number}\x1b.txt")
    tally.count(Finding.DEAD_LETTERED)
    tally.count_purged("tombstones", 2)
    return tally


def test_progress_has_number_rate_and_time_left() -> None:
    assert describe(Progress(done=1_000, total=4_000, rate=100)) == "1,000 of 4,000, 100/s, 0:00:30 left"
    assert describe(Progress(done=5)) == "5, 0/s"


def test_a_report_fits_a_terminal_and_cannot_steer_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_tally(REQUEST, _tally(), is_finished=True)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "... and 5 more" in out
    assert "1 dead lettered: no difference." in out
    assert "2 tombstones past retention to purge" in out
    assert out.splitlines()[-1] == "1,500 objects in s3://source/a/: 25 differences. --fix queues them."
    assert max(map(len, out.splitlines())) <= 100


def test_a_stopped_run_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    print_tally(REQUEST, _tally(is_fix=True), is_finished=False)
    assert "Stopped after a/\ufffd[31m.txt, 1,500 objects done. The same command goes on there." in (
        capsys.readouterr().out
    )


def test_progress_of_a_pipe_is_a_line_a_phase_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with SweepDisplay() as display:
        display.resumed("a/b.txt")
        for done in range(3):
            display.report("compare", Progress(done=done))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "Going on after a/b.txt; --restart begins anew.",
        "comparing objects: 0, 0/s",
    ]


def test_a_wait_ends_at_ctrl_c() -> None:
    interruption = Interruption()
    wait = interruption.wait
    assert not wait(0)
    interruption.request(signal.SIGINT)
    assert wait(3_600)

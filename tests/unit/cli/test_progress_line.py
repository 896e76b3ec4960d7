from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.cli.progress_line import ProgressLine, describe
from worker.maintenance.progress import Progress

pytestmark = pytest.mark.unit


def test_progress_in_words() -> None:
    known = Progress(done=1_200, total=5_000, rate=10.0)
    assert describe(known, about="about ") == "1,200 of about 5,000, 10/s, 0:06:20 left"
    assert describe(Progress(done=3)) == "3, 0/s"


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with ProgressLine("reading", clock=clock) as line:
        for _ in range(25):
            clock.now += 1
            line.report(Progress(done=1))
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("reading: 1")) == ("", 2)

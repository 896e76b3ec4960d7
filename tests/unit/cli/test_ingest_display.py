"""How a run is shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from worker.cli.ingest_display import IngestDisplay
from worker.home.result import Result
from worker.home.result_keeper import IngestProgress

pytestmark = pytest.mark.unit


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def display(out: io.StringIO, clock: Clock) -> IngestDisplay:
    return IngestDisplay(Console(file=out, width=100), clock=clock)


def result(state: str, reason: str | None = None, **changes: object) -> Result:
    return Result(file_path="/docs/a[b].pdf", file_id="f", state=state, reason=reason, **changes)  # type: ignore[arg-type]


def test_without_a_terminal_there_is_a_plain_line_now_and_then(
    display: IngestDisplay, out: io.StringIO, clock: Clock
) -> None:
    with display.live():
        for second in range(12):
            clock.now = 100.0 + second
            display.progress(
                IngestProgress(done=second, total=20, pages=2 * second, queued=3, current="報告.pdf")
            )
    assert out.getvalue().splitlines() == [
        "5/20 documents, 10 pages (2.0/s), 3 queued, 0 failures, 報告.pdf",
        "10/20 documents, 20 pages (2.0/s), 3 queued, 0 failures, 報告.pdf",
    ]


def test_a_terminal_gets_a_live_line(clock: Clock) -> None:
    out = io.StringIO()
    display = IngestDisplay(Console(file=out, width=100, force_terminal=True), clock=clock)
    with display.live():
        display.progress(IngestProgress(done=1, total=2, pages=3, queued=1, current="x" * 50))
    assert "━━━━━━━━━━━━╺╺╺╺╺╺╺╺╺╺╺╺" in out.getvalue()
    assert "1/2 documents" in out.getvalue()


@pytest.mark.parametrize(
    ("ended", "failures", "troubled"),
    [
        (result("indexed"), 0, False),
        (result("no_content", "encrypted"), 0, False),
        (result("failed", "Permission denied"), 1, False),
        (result("no_content", "timeout"), 1, True),
        (result("dead_lettered", "too_many_failures"), 1, True),
    ],
)
def test_failures_are_counted_and_only_trouble_changes_the_exit_status(
    display: IngestDisplay, out: io.StringIO, ended: Result, failures: int, troubled: bool
) -> None:
    display.result(ended)
    assert (display.failures, display.has_trouble) == (failures, troubled)
    assert ("/docs/a[b].pdf: " in out.getvalue()) is bool(failures)


def test_the_summary_counts_by_state_and_reason(
    display: IngestDisplay, out: io.StringIO, clock: Clock
) -> None:
    for ended in (
        result("indexed", pages=2, seconds=1.5),
        result("indexed", pages=3, seconds=0.25),
        result("no_content", "encrypted", seconds=0.1),
        result("indexed", pages=4, skipped=True),
    ):
        display.result(ended)
    clock.now += 61.5
    Console(file=out, width=100).print(display.summary(left=7))
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.getvalue().splitlines()]
    assert [row for row in cells if row] == [
        ["indexed", "", "2", "5", "1.8"],
        ["no_content", "encrypted", "1", "0", "0.1"],
        ["skipped (unchanged)", "", "1", "4", "0.0"],
        ["not reached", "interrupted", "7", "", ""],
    ]
    assert "4 files in 61.5 s" in out.getvalue()

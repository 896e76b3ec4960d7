"""How a run is shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from worker.cli.ingest_display import IngestDisplay, Verbosity, fit
from worker.home.ingestion import IngestEnd
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
        display.progress(IngestProgress(done=0, total=20, pages=0, queued=20))
        for second in range(0, 31, 5):
            clock.now = 110.0 + second
            share = second / 40
            display.progress(
                IngestProgress(
                    done=second, total=40, pages=2 * second, queued=3, share=share, current="報告.pdf"
                )
            )
    assert out.getvalue().splitlines() == [
        "0% 0/40 files, 0 p. (0.0/s), 報告.pdf",
        "25% 10/40 files, 20 p. (2.0/s), 30 s left, 報告.pdf",
        "50% 20/40 files, 40 p. (2.0/s), 20 s left, 報告.pdf",
        "75% 30/40 files, 60 p. (2.0/s), 10 s left, 報告.pdf",
    ]


def test_before_the_first_file_it_says_what_takes_the_time(
    display: IngestDisplay, out: io.StringIO, clock: Clock
) -> None:
    clock.now = 111.0
    display.progress(IngestProgress(done=0, total=3, pages=0, queued=0))
    clock.now = 122.0
    display.progress(IngestProgress(done=0, total=9, pages=0, queued=9))
    assert out.getvalue().splitlines() == ["looking for files, 3 to read", "starting, 9 to read"]


def test_a_terminal_of_80_columns_has_all_on_one_line(clock: Clock) -> None:
    out = io.StringIO()
    display = IngestDisplay(Console(file=out, width=80, force_terminal=True), clock=clock)
    progress = IngestProgress(
        done=1_200, total=2_000, pages=3_000, queued=1, share=0.5, current="報" * 50, current_s=49.0
    )
    with display.live():
        display.progress(progress)
        clock.now += 3600
        display.progress(progress)
    (line,) = {each for each in out.getvalue().splitlines() if "left" in each}
    shown = Text.from_ansi(line).plain
    assert "━━━━━━━━╺╺╺╺╺╺╺╺  50% 1,200/2,000 files, 3,000 p. (0.8/s), 1 h 0 min left, 49 s" in shown
    assert shown.rstrip().endswith("…")


def test_a_slow_file_is_shown_with_its_time(display: IngestDisplay, out: io.StringIO, clock: Clock) -> None:
    clock.now += 20
    display.progress(IngestProgress(done=0, total=1, pages=1, queued=1, current="a[b].pdf", current_s=49.4))
    assert out.getvalue() == "0% 0/1 files, 1 p. (0.0/s), 49 s on a[b].pdf\n"


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


def test_each_file_is_printed_when_that_was_asked_for(out: io.StringIO, clock: Clock) -> None:
    display = IngestDisplay(Console(file=out, width=80), verbosity=Verbosity.VERBOSE, clock=clock)
    display.result(result("indexed", pages=2, seconds=1.5))
    display.result(result("no_content", "encrypted", skipped=True))
    assert out.getvalue().splitlines() == [
        "/docs/a[b].pdf: indexed, 2 p., 1.5 s",
        "/docs/a[b].pdf: unchanged (encrypted), 0 p., 0.0 s",
    ]


def test_quiet_prints_failures_only(out: io.StringIO, clock: Clock) -> None:
    console = Console(file=out, width=80, force_terminal=True)
    display = IngestDisplay(console, verbosity=Verbosity.QUIET, clock=clock)
    with display.live():
        clock.now += 60
        display.progress(IngestProgress(done=1, total=2, pages=3, queued=1, share=0.5))
        display.note("/docs/pipe", "a pipe, not a file")
        display.result(result("indexed"))
        display.result(result("failed", "Permission denied"))
    assert out.getvalue() == "/docs/a[b].pdf: failed: Permission denied\n"
    assert display.summary(IngestEnd(interrupted=False, left=0), home=None) == []


def test_the_summary_has_the_time_from_the_start(display: IngestDisplay, clock: Clock) -> None:
    display.result(result("indexed", pages=2))
    clock.now += 5.25
    assert display.summary(IngestEnd(interrupted=False, left=0), home=None) == [
        "1 file, 2 pages in 5.2 s: 1 read"
    ]


def test_a_line_is_cut_by_the_cells_it_takes() -> None:
    assert fit("報告書", 6) == "報告書"
    assert fit("報告書", 5) == "報告…"
    assert fit("abcdef", 5) == "abcd…"

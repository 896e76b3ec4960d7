"""How a run of `cis-worker ingest` is shown: a live line on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import IntEnum
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.live import Live
from rich.text import Text

from worker.cli.home.ingest_summary import IngestSummary
from worker.cli.printing import duration_text, sanitise
from worker.home.ingestion import IngestEnd
from worker.home.result import FAILED, Result
from worker.home.result_keeper import IngestProgress

_INTERVAL_S = 10.0
_BAR_CHARS = 16
_SLOW_S = 10.0
"""How long a file is read before its time is shown before its name."""


class Verbosity(IntEnum):
    """How much is printed: failures and the summary's trouble only, all but each file, or each file, too."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class IngestDisplay:
    """Receives results, notes and progress, shows them and sums them up; `clock` is monotonic seconds."""

    def __init__(
        self,
        console: Console,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._verbosity = verbosity
        self._clock = clock
        is_live = console.is_terminal and verbosity is not Verbosity.QUIET
        # Four times a second is smooth enough, and costs no core that OCR could use.
        self._live = Live(console=console, refresh_per_second=4, transient=True) if is_live else None
        self._started = clock()
        self._work_started: float | None = None
        self._printed_at = self._started
        self._summary = IngestSummary()
        self.failures = 0
        self.has_trouble = False

    def live(self) -> AbstractContextManager[object]:
        """The context in which the live line of a terminal is refreshed."""
        return self._live or nullcontext()

    def result(self, result: Result) -> None:
        """Count one end; a failure is also printed at once, and each with `VERBOSE`."""
        self._summary.add(result)
        self.has_trouble = self.has_trouble or result.has_trouble
        is_failure = result.has_trouble or result.state == FAILED
        self.failures += is_failure
        if is_failure:
            self._say(f"{result.file_path}: {result.state}: {result.reason}")
        elif self._verbosity is Verbosity.VERBOSE:
            state = "unchanged" if result.skipped else result.state
            reason = f" ({result.reason})" if result.reason else ""
            self._say(f"{result.file_path}: {state}{reason}, {result.pages} p., {result.seconds:.1f} s")

    def note(self, path: str, message: str) -> None:
        """Print a message about one path."""
        if self._verbosity is not Verbosity.QUIET:
            self._say(f"{path}: {message}")

    def progress(self, progress: IngestProgress) -> None:
        """Show how far the run is."""
        if self._verbosity is Verbosity.QUIET:
            return
        now = self._clock()
        if self._work_started is None and (progress.current or progress.done):
            # Neither planning nor the start of the worker says how fast it reads.
            self._work_started = now
        if self._live is not None:
            self._live.update(Text(fit(self._line(progress, now), self._console.width), no_wrap=True))
        elif now - self._printed_at >= _INTERVAL_S:
            self._printed_at = now
            self._say(self._line(progress, now))

    def summary(self, end: IngestEnd, *, home: Path | None) -> list[str]:
        """The fate of the files: see `IngestSummary.lines`; with `QUIET` nothing."""
        if self._verbosity is Verbosity.QUIET:
            return []
        seconds = self._clock() - self._started
        return self._summary.lines(seconds=seconds, end=end, home=home)

    def _line(self, progress: IngestProgress, now: float) -> str:
        """What is known at the moment, the most important first: a narrow terminal cuts the end."""
        if self._work_started is None:
            what = "starting" if progress.queued else "looking for files"
            return f"{what}, {progress.total:,} to read"
        work_s = now - self._work_started
        share = progress.share
        bar = f"{_bar(share)} {share:4.0%}" if self._live is not None else f"{share:.0%}"
        pages_per_s = progress.pages / work_s if work_s > 0 else 0.0
        parts = [
            f"{bar} {progress.done:,}/{progress.total:,} files",
            f"{progress.pages:,} p. ({pages_per_s:.1f}/s)",
            # Before a twentieth is done it would be a guess.
            *([f"{duration_text(work_s * (1 - share) / share)} left"] if 0.05 <= share < 1 else []),
            *([f"{self.failures} failed"] if self.failures else []),
        ]
        if progress.current:
            # The time first: a narrow terminal cuts the end of the name.
            slow = f"{duration_text(progress.current_s)} on " if progress.current_s >= _SLOW_S else ""
            parts.append(f"{slow}{sanitise(progress.current)}")
        return ", ".join(parts)

    def _say(self, text: str) -> None:
        self._console.print(Text(sanitise(text)), highlight=False, soft_wrap=True)


def fit(line: str, width: int) -> str:
    """The line, cut to so many cells of a terminal; kanji take two."""
    return line if cell_len(line) <= width else f"{set_cell_size(line, width - 1)}…"


def _bar(share: float) -> str:
    full = int(_BAR_CHARS * share)
    return "━" * full + "╺" * (_BAR_CHARS - full)

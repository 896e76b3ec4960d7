"""How a run of `cis-worker ingest` is shown: live on a terminal, in plain lines anywhere else."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from worker.cli.printing import sanitise
from worker.home.result import FAILED, Result
from worker.home.result_keeper import IngestProgress

_INTERVAL_S = 5.0
_BAR_CHARS = 24
_CURRENT_CHARS = 30


class IngestDisplay:
    """Receives results, notes and progress, shows them and sums them up; `clock` is monotonic seconds."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._live = (
            # Four times a second is smooth enough, and costs no core that OCR could use.
            Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        )
        self._started = clock()
        self._work_started: float | None = None
        self._printed_at = self._started
        self._files: Counter[tuple[str, str]] = Counter()
        self._pages: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.failures = 0
        self.has_trouble = False

    def live(self) -> AbstractContextManager[object]:
        """The context in which the live line of a terminal is refreshed."""
        return self._live or nullcontext()

    def result(self, result: Result) -> None:
        """Count one end; a failure is also printed at once."""
        row = ("skipped (unchanged)", "") if result.skipped else (result.state, result.reason or "")
        self._files[row] += 1
        self._pages[row] += result.pages
        self._seconds[row] += result.seconds
        self.has_trouble = self.has_trouble or result.has_trouble
        if result.has_trouble or result.state == FAILED:
            self.failures += 1
            self.note(result.file_path, f"{result.state}: {result.reason}")

    def note(self, path: str, message: str) -> None:
        """Print a message about one path."""
        self._console.print(Text(f"{sanitise(path)}: {sanitise(message)}"), highlight=False, soft_wrap=True)

    def progress(self, progress: IngestProgress) -> None:
        """Show how far the run is."""
        now = self._clock()
        if self._work_started is None and progress.queued:
            # Planning may take minutes on a large folder; it must not lower the pages per second.
            self._work_started = now
        line = self._line(progress, now)
        if self._live is not None:
            bar = Text(_bar(progress.done, progress.total), style="cyan")
            self._live.update(bar.append(f" {line}", style="default"))
        elif now - self._printed_at >= _INTERVAL_S:
            self._printed_at = now
            self._console.print(Text(line), highlight=False, soft_wrap=True)

    def summary(self, *, left: int) -> Table:
        """The counts by state and reason; `left` are the files that were not reached."""
        table = Table(title=f"{sum(self._files.values())} files in {self._clock() - self._started:.1f} s")
        for name in ("state", "reason"):
            table.add_column(name)
        for name in ("files", "pages", "seconds"):
            table.add_column(name, justify="right")
        for row, files in sorted(self._files.items()):
            state, reason = map(sanitise, row)
            table.add_row(
                Text(state), Text(reason), str(files), str(self._pages[row]), f"{self._seconds[row]:.1f}"
            )
        if left:
            table.add_row("not reached", "interrupted", str(left), "", "")
        return table

    def _line(self, progress: IngestProgress, now: float) -> str:
        work_s = now - self._work_started if self._work_started is not None else 0.0
        pages_per_s = progress.pages / work_s if work_s > 0 else 0.0
        current = sanitise(progress.current)
        if len(current) > _CURRENT_CHARS:
            current = f"{current[: _CURRENT_CHARS - 1]}…"
        return (
            f"{progress.done}/{progress.total} documents, {progress.pages} pages ({pages_per_s:.1f}/s), "
            f"{progress.queued} queued, {self.failures} failures{f', {current}' if current else ''}"
        )


def _bar(done: int, total: int) -> str:
    full = _BAR_CHARS * done // total if total else 0
    return "━" * full + "╺" * (_BAR_CHARS - full)

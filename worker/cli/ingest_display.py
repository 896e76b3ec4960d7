"""How a run of `cis-worker ingest` is shown: live on a terminal, in plain lines anywhere else."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from worker.cli.printing import plain
from worker.home.result import FAILED, Result
from worker.home.result_keeper import Progress

_EVERY_S = 5.0
_BAR = 24
_CURRENT_CHARS = 30


class IngestDisplay:
    """A context manager around the run; hears of results, notes and progress, and sums them up.

    `clock` is monotonic seconds.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        )
        self._began = clock()
        self._worked_since: float | None = None
        self._told_at = self._began
        self._files: Counter[tuple[str, str]] = Counter()
        self._pages: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.failures = 0
        self.troubled = False

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def result(self, result: Result) -> None:
        """Count one end; what went wrong is also told at once."""
        row = ("skipped (unchanged)", "") if result.skipped else (result.state, result.reason or "")
        self._files[row] += 1
        self._pages[row] += result.pages
        self._seconds[row] += result.seconds
        self.troubled = self.troubled or result.troubled
        if result.troubled or result.state == FAILED:
            self.failures += 1
            self.note(result.file_path, f"{result.state}: {result.reason}")

    def note(self, path: str, message: str) -> None:
        """Tell of one path."""
        self._console.print(Text(f"{plain(path)}: {plain(message)}"), highlight=False, soft_wrap=True)

    def progress(self, progress: Progress) -> None:
        """Show how far it is."""
        now = self._clock()
        if self._worked_since is None and progress.queued:
            self._worked_since = now
        line = self._line(progress, now)
        if self._live is not None:
            bar = Text(_bar(progress.done, progress.total), style="cyan")
            self._live.update(bar.append(f" {line}", style="default"))
        elif now - self._told_at >= _EVERY_S:
            self._told_at = now
            self._console.print(Text(line), highlight=False, soft_wrap=True)

    def summary(self, *, left: int) -> Table:
        """The counts by state and reason; `left` are the files that were not reached."""
        table = Table(title=f"{sum(self._files.values())} files in {self._clock() - self._began:.1f} s")
        for name in ("state", "reason"):
            table.add_column(name)
        for name in ("files", "pages", "seconds"):
            table.add_column(name, justify="right")
        for row, files in sorted(self._files.items()):
            state, reason = map(plain, row)
            table.add_row(
                Text(state), Text(reason), str(files), str(self._pages[row]), f"{self._seconds[row]:.1f}"
            )
        if left:
            table.add_row("not reached", "interrupted", str(left), "", "")
        return table

    def _line(self, progress: Progress, now: float) -> str:
        worked_s = now - self._worked_since if self._worked_since is not None else 0.0
        speed = progress.pages / worked_s if worked_s > 0 else 0.0
        current = plain(progress.current)
        if len(current) > _CURRENT_CHARS:
            current = f"{current[: _CURRENT_CHARS - 1]}…"
        return (
            f"{progress.done}/{progress.total} documents, {progress.pages} pages ({speed:.1f}/s), "
            f"{progress.queued} queued, {self.failures} failures{f', {current}' if current else ''}"
        )


def _bar(done: int, total: int) -> str:
    full = _BAR * done // total if total else 0
    return "━" * full + "╺" * (_BAR - full)

"""How far a long command is, on standard error: a live line on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from worker.cli.printing import make_console

if TYPE_CHECKING:
    from worker.maintenance.progress import Progress

_LINE_EVERY_S = 10.0


class ProgressLine:
    """A context manager; `report` is the callback of a ProgressMeter, `what` the present participle."""

    def __init__(self, what: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._console = make_console(stderr=True)
        self._status = self._console.status("") if self._console.is_terminal else None
        self._printed_at = clock()

    def report(self, progress: Progress) -> None:
        """Show how far it is."""
        line = f"{self._what}: {describe(progress)}"
        if self._status is not None:
            self._status.update(line)
        elif self._clock() - self._printed_at >= _LINE_EVERY_S:
            self._printed_at = self._clock()
            self._console.print(line, markup=False)

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()


def describe(progress: Progress) -> str:
    """Number, rate and time left, as people say it."""
    total = f" of about {progress.total:,}" if progress.total else ""
    left = "" if progress.eta_s is None else f", {timedelta(seconds=round(progress.eta_s))} left"
    return f"{progress.done:,}{total}, {progress.rate:,.0f}/s{left}"

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
    """A context manager; `report` is the callback of a ProgressMeter, `what` the present participle.

    Elsewhere than on a terminal a line is printed where another thing begins, and every ten seconds.
    """

    def __init__(self, what: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._console = make_console(stderr=True)
        self._status = self._console.status("") if self._console.is_terminal else None
        self._printed_at = clock()

    def report(self, progress: Progress) -> None:
        """Show how far it is; the total is an estimate."""
        self.show(self._what, describe(progress, about="about "))

    def show(self, what: str, text: str) -> None:
        """Show how far something is, which may be another thing than before."""
        if self._status is not None:
            self._status.update(f"{what}: {text}")
        elif what != self._what or self._clock() - self._printed_at >= _LINE_EVERY_S:
            self._printed_at = self._clock()
            self.say(f"{what}: {text}")
        self._what = what

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, markup=False)

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()


def describe(progress: Progress, *, about: str = "") -> str:
    """Number, rate and time left, as people say it."""
    total = f" of {about}{progress.total:,}" if progress.total else ""
    left = "" if progress.eta_s is None else f", {timedelta(seconds=round(progress.eta_s))} left"
    return f"{progress.done:,}{total}, {progress.rate:,.0f}/s{left}"

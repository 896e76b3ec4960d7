"""Progress: how far a long command is, how fast, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_INTERVAL_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a command is. `total` is None where nobody knows it; `rate` is in items a second.

    `done` counts what an earlier run of the same command had done, the rate does not.
    """

    done: int
    total: int | None = None
    rate: float = 0.0
    elapsed_s: float = 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left at this rate; None where total or rate are not known."""
        if self.total is None or self.rate <= 0:
            return None
        # A total may be an estimate, and be exceeded.
        return max(0, self.total - self.done) / self.rate


class ProgressMeter:
    """Counts items, and hands the Progress to `report` at most every `interval_s`. For one thread.

    `already` is what an earlier run had done. `total` may be corrected at any time.
    """

    def __init__(
        self,
        report: Callable[[Progress], None],
        *,
        total: int | None = None,
        already: int = 0,
        interval_s: float = _INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self._report = report
        self._already = already
        self._done = already
        self._interval_s = interval_s
        self._clock = clock
        self._began = clock()
        self._reported_at = self._began

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        elapsed_s = self._clock() - self._began
        return Progress(
            done=self._done,
            total=self.total,
            rate=(self._done - self._already) / elapsed_s if elapsed_s > 0 else 0.0,
            elapsed_s=elapsed_s,
        )

    def advance(self, items: int = 1) -> None:
        """Count some items, and report when the last report is old enough."""
        self._done += items
        if self._clock() - self._reported_at >= self._interval_s:
            self.finish()

    def finish(self) -> None:
        """Report how far it is, whenever the last report was."""
        self._reported_at = self._clock()
        self._report(self.progress)

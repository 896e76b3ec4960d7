"""Threads that call a `step` again and again until their end condition holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.runtime.shutdown import Shutdown
from worker.runtime.systemd.watchdog import Watchdog

PAUSE_AFTER_ERROR_S = 1.0
_MAX_ERRORS_IN_A_ROW = 5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """One thread: `step` every `interval_s` until `is_over()`; setting `pause` wakes it.

    Each step is reported to the `watchdog`, which is not fed while this loop hangs in one.
    """

    name: str
    step: Callable[[], None]
    is_over: Callable[[], bool]
    interval_s: float = 0.0
    pause: threading.Event = field(default_factory=threading.Event)
    watchdog: Watchdog | None = None

    def start(self, shutdown: Shutdown) -> threading.Thread:
        """Run in a daemon thread."""
        if self.watchdog is not None:
            self.watchdog.watch(self.name)
        thread = threading.Thread(target=self.run, args=(shutdown,), name=self.name, daemon=True)
        thread.start()
        return thread

    def run(self, shutdown: Shutdown) -> None:
        """Step until `is_over()`; five failed steps in a row stop the worker."""
        try:
            self._run(shutdown)
        finally:
            if self.watchdog is not None:
                self.watchdog.forget(self.name)

    def _run(self, shutdown: Shutdown) -> None:
        failures = 0
        while not self.is_over():
            try:
                self.step()
                failures = 0
            except Exception as error:  # noqa: BLE001  (thread top: the next step must come)
                failures += 1
                _log.exception("step_failed", loop=self.name, times=failures)
                # A loop that only fails does no work, and the process would look alive for ever.
                if failures >= _MAX_ERRORS_IN_A_ROW:
                    shutdown.fail(error)
                    return
                self.pause.wait(PAUSE_AFTER_ERROR_S)
            if self.watchdog is not None:
                self.watchdog.report(self.name)
            if self.interval_s:
                self.pause.wait(self.interval_s)

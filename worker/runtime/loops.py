"""Threads are thin: each only calls a `step` until it is told to end.

A step that raises what nobody foresaw is logged and called again; the same thread failing five times
in a row stops the worker, because a loop that only fails is blind or deaf and nobody would know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.runtime.shutdown import Shutdown

PAUSE_AFTER_ERROR_S = 1.0
_ERRORS_IN_A_ROW = 5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """What one thread does: `step` every `interval_s` until `ended` says so; setting `pause` wakes it."""

    name: str
    step: Callable[[], None]
    ended: Callable[[], bool]
    interval_s: float = 0.0
    pause: threading.Event = field(default_factory=threading.Event)

    def start(self, shutdown: Shutdown) -> threading.Thread:
        """Run it in a thread that does not keep the process alive."""
        thread = threading.Thread(target=self.run, args=(shutdown,), name=self.name, daemon=True)
        thread.start()
        return thread

    def run(self, shutdown: Shutdown) -> None:
        """Step until the end."""
        failures = 0
        while not self.ended():
            try:
                self.step()
                failures = 0
            except Exception as error:  # noqa: BLE001  (thread top: the next step must come)
                failures += 1
                _log.exception("step_failed", loop=self.name, times=failures)
                if failures >= _ERRORS_IN_A_ROW:
                    shutdown.fail(error)
                    return
                self.pause.wait(PAUSE_AFTER_ERROR_S)
            if self.interval_s:
                self.pause.wait(self.interval_s)

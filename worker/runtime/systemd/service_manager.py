"""ServiceManager: what the worker reports to systemd, from its start to its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from worker.runtime.systemd.notifier import Notifier
from worker.runtime.systemd.watchdog import Watchdog

_MICROSECONDS = 1_000_000
# While the worker drains: each message buys so much time, and another follows long before it is over. A
# worker whose main thread hangs is killed after it, or at TimeoutStopSec where that is later.
_EXTENSION_USEC = 30 * _MICROSECONDS
_EXTEND_EVERY_S = 5.0
# A busy worker changes its state many times a second.
_SHOW_EVERY_S = 2.0


class ServiceManager:
    """Reports start, state and stop to systemd (Type=notify), from one thread; does nothing without it."""

    def __init__(
        self,
        notifier: Notifier | None = None,
        watchdog: Watchdog | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifier = notifier or Notifier()
        self.watchdog = watchdog or Watchdog()
        self._clock = clock
        self._is_ready = False
        self._status = ""
        self._shown_at = float("-inf")
        self._extended_at: float | None = None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> ServiceManager:
        """The one that systemd's variables describe; values it never writes count as absent."""
        notifier = Notifier(environment.get("NOTIFY_SOCKET", ""))
        timeout_s = 0.0
        # The variables of a service are inherited by its children, which are not watched.
        if environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            with suppress(ValueError):
                timeout_s = max(0, int(environment.get("WATCHDOG_USEC", "0"))) / _MICROSECONDS
        return cls(notifier, Watchdog(notifier, timeout_s=timeout_s))

    def ready(self, status: str) -> None:
        """The start is complete: units ordered after this one begin, and the watchdog runs from now on."""
        if not self._is_ready:
            self._is_ready, self._status = True, status
            self._notifier.send(READY=1, STATUS=status)

    def show(self, status: str) -> None:
        """Have `systemctl status` show this line, soon; nothing before the start is complete."""
        if self._is_ready and status != self._status and self._clock() - self._shown_at >= _SHOW_EVERY_S:
            self._status, self._shown_at = status, self._clock()
            self._notifier.send(STATUS=status)

    def stopping(self, status: str) -> None:
        """The worker drains, by whosever request: from now on TimeoutStopSec counts."""
        self._extended_at = self._clock()
        self._notifier.send(STOPPING=1, STATUS=status, EXTEND_TIMEOUT_USEC=_EXTENSION_USEC)

    def draining(self, status: str) -> None:
        """The worker still drains, within its own shutdown timeout: systemd must not end it before."""
        if self._extended_at is not None and self._clock() - self._extended_at >= _EXTEND_EVERY_S:
            self._extended_at = self._clock()
            self._notifier.send(STATUS=status, EXTEND_TIMEOUT_USEC=_EXTENSION_USEC)

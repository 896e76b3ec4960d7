"""ResourceMonitor: which of the worker's own queues, table, results bucket and index refuse or do not answer.

Nothing can be done without them, so no message is received but one at a time, with growing pauses, until the
call that failed succeeds again. A refusal may be a stale answer during a rotation, or a policy under change:
only one that lasts stops the worker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.errors import ServiceRefusedError, WorkerError

DEFAULT_LIMIT_S = 180.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 10.0
# A call that is rarely made may fail once and not be made again: its trouble may be over.
_RECENT_S = 60.0
# Two blips far apart are no lasting refusal.
_LEAST_REFUSALS = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One call that fails: on which resource, why, and for how many seconds already."""

    resource: str
    operation: str
    code: str
    message: str
    lasting_s: float
    is_needed: bool = True


@dataclass(kw_only=True, slots=True)
class _Failing:
    first_at: float
    last_at: float
    error: WorkerError
    is_needed: bool
    refusals: int = 0


class ResourceMonitor:
    """Hears how each call on an own resource ended; may be shared by threads.

    `fail` is called with the error of a refusal that lasts for `limit_s` seconds, or at once when the
    resource does not exist and has not answered since the start: a wrong name does not heal.
    """

    def __init__(
        self,
        *,
        limit_s: float = DEFAULT_LIMIT_S,
        fail: Callable[[Exception], object] = lambda _error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit_s = limit_s
        self._fail = fail
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[tuple[str, str], _Failing] = {}
        self._answered: set[str] = set()
        self._pause_s = _FIRST_PAUSE_S
        self._next_at = 0.0

    def on_success(self, resource: str, operation: str) -> None:
        """Record that a call was answered."""
        with self._lock:
            self._answered.add(resource)
            # A role may allow one call and deny another: each is on its own.
            failed = self._failing.pop((resource, operation), None)
        if failed is not None:
            seconds = round(self._clock() - failed.first_at)
            _log.info("service_answers_again", service=resource, operation=operation, seconds=seconds)

    def on_error(
        self,
        resource: str,
        operation: str,
        error: WorkerError,
        *,
        is_missing: bool = False,
        is_needed: bool = True,
    ) -> None:
        """Record a refusal (ServiceRefusedError) or an outage (any other error).

        `is_needed` is False for the index: documents stay pending without it, and receiving goes on.
        """
        is_refusal = isinstance(error, ServiceRefusedError)
        with self._lock:
            now = self._clock()
            if not self._is_in_trouble(now):
                self._pause_s = _FIRST_PAUSE_S
                self._next_at = now + _FIRST_PAUSE_S
            is_new = (resource, operation) not in self._failing
            failing = self._failing.setdefault(
                (resource, operation),
                _Failing(first_at=now, last_at=now, error=error, is_needed=is_needed),
            )
            failing.last_at, failing.error = now, error
            # An outage in between breaks the row of refusals: only what refuses all the time is refused.
            failing.refusals = failing.refusals + 1 if is_refusal else 0
            if failing.refusals == 1:
                failing.first_at = now
            lasts = failing.refusals >= _LEAST_REFUSALS and now - failing.first_at >= self._limit_s
            is_fatal = lasts or (is_refusal and is_missing and resource not in self._answered)
        if is_new:
            _log.warning("service_failing", service=resource, operation=operation, reason=str(error))
        if is_fatal:
            self._fail(error)

    def places(self, wanted: int, *, is_blocked: bool = False) -> int:
        """How many messages may be received now: `wanted`, or from time to time one while there is trouble.

        `is_blocked` says that there is trouble elsewhere that lets no file be started.
        """
        with self._lock:
            now = self._clock()
            if not (is_blocked or self._is_in_trouble(now)):
                self._pause_s = _FIRST_PAUSE_S
                return wanted
            if now < self._next_at:
                return 0
            self._next_at = now + self._pause_s
            self._pause_s = min(_LONGEST_PAUSE_S, 2.0 * self._pause_s)
            return min(1, wanted)

    def troubles(self) -> list[Trouble]:
        """The calls that fail at present, for readyz and metrics."""
        with self._lock:
            now = self._clock()
            return [
                Trouble(
                    resource=resource,
                    operation=operation,
                    code=failing.error.code.value,
                    message=str(failing.error),
                    lasting_s=now - failing.first_at,
                    is_needed=failing.is_needed,
                )
                for (resource, operation), failing in self._failing.items()
                if now - failing.last_at < _RECENT_S
            ]

    def _is_in_trouble(self, now: float) -> bool:
        return any(
            failing.is_needed and now - failing.last_at < _RECENT_S for failing in self._failing.values()
        )

"""Stops calls to a service that keeps failing, and tries again after a timeout.

CLOSED --failure_threshold failures in a row--> OPEN --timeout--> HALF_OPEN --one success--> CLOSED
                                                 ^------------- its one trial failed ----'
                                          (the timeout may grow with each trial that fails)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import structlog

from worker.errors import Code, UnavailableError

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class CircuitState(StrEnum):
    """Whether calls are made (CLOSED), rejected (OPEN), or one is tried (HALF_OPEN)."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class CircuitOpenError(UnavailableError):
    """The call was rejected without being made; a trial is allowed in `retry_after_s` seconds."""

    code = Code.CIRCUIT_OPEN

    def __init__(self, name: str, *, retry_after_s: float) -> None:
        when = f"in {retry_after_s:.1f} s" if retry_after_s > 0 else "when the current trial call ends"
        super().__init__(f"Circuit breaker is OPEN for {name} after repeated failures; tried again {when}")
        self.retry_after_s = retry_after_s


class CircuitBreaker:
    """Guards the calls to one remote service; may be shared by threads.

    `failure_threshold` failures in a row open it for `timeout` seconds; each trial that fails doubles them,
    up to `max_timeout` where that is given. Only `expected_exception` counts; any other exception is neither
    a failure nor a success. `name` is the service in logs and messages.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        timeout: float = 60.0,
        expected_exception: type[Exception] | tuple[type[Exception], ...] = Exception,
        *,
        name: str = "the service",
        max_timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if failure_threshold < 1:
            raise ValueError(f"failure_threshold must be at least 1, not {failure_threshold}")
        self.failure_threshold = failure_threshold
        self.timeout = timeout
        self.max_timeout = timeout if max_timeout is None else max_timeout
        self.expected_exception = expected_exception
        self.name = name
        self.on_open: Callable[[], object] = lambda: None
        """Called at each opening."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._open_for_s = timeout
        self._trial = False
        # Each opening begins a new generation: a slow call from before it must not count for the new one.
        self._generation = 0

    @property
    def state(self) -> CircuitState:
        """The current state; an open breaker is HALF_OPEN as soon as `timeout` has passed."""
        with self._lock:
            return self._state()

    def call(self, function: Callable[[], T]) -> T:
        """The result of `function()`; raises what it raises, or CircuitOpenError without calling it."""
        generation = self._admit()
        try:
            result = function()
        except self.expected_exception:
            self._on_failure(generation)
            raise
        except BaseException:  # an interrupt, too, must free the trial for the next call
            self._on_other_error(generation)
            raise
        self._on_success(generation)
        return result

    def _state(self) -> CircuitState:
        if self._opened_at is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if self._reopens_in_s(self._opened_at) > 0 else CircuitState.HALF_OPEN

    def _reopens_in_s(self, opened_at: float) -> float:
        return max(0.0, opened_at + self._open_for_s - self._clock())

    def _admit(self) -> int:
        """Let a call pass, and return its generation; raises CircuitOpenError."""
        with self._lock:
            if self._opened_at is None:
                return self._generation
            wait_s = self._reopens_in_s(self._opened_at)
            if wait_s > 0 or self._trial:
                raise CircuitOpenError(self.name, retry_after_s=wait_s)
            self._trial = True
            return self._generation

    def _on_success(self, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return
            closed = self._trial
            self._failures = 0
            self._opened_at = None
            self._trial = False
        if closed:
            _log.info("circuit_closed", service=self.name)

    def _on_failure(self, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._failures += 1
            if not self._trial and self._failures < self.failure_threshold:
                return
            # A failed trial opens it at once, without a new count to the threshold.
            self._open_for_s = min(self.max_timeout, 2 * self._open_for_s) if self._trial else self.timeout
            self._opened_at = self._clock()
            self._trial = False
            self._generation += 1
            failures, timeout_s = self._failures, self._open_for_s
        self.on_open()
        _log.warning("circuit_opened", service=self.name, failures=failures, timeout_s=timeout_s)

    def _on_other_error(self, generation: int) -> None:
        with self._lock:
            if generation == self._generation:
                self._trial = False

"""RetryHandler: repeats one remote call with growing delays while another try can help.

Whether a failed document is tried again is decided in `worker/outcome.py`.
"""

from __future__ import annotations

import math
import random as random_module
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from worker.errors import ModelUnavailableError
from worker.resilience.circuit_breaker import CircuitOpenError
from worker.resilience.error_classification import classify, reset_after_s
from worker.resilience.rate_limiter import RateLimitedError

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_RESET_S = 300.0
"""The longest wait for a quota's reset (Bedrock's quotas are per minute)."""

# What lasts much longer than a retry waits.
_LASTING = (CircuitOpenError, ModelUnavailableError, RateLimitedError)
# Jitter keeps the workers of a fleet from retrying at the same moment after an outage.
_JITTER = 0.5


class RetryHandler:
    """Calls a function once and up to `max_retries` times more; may be shared by threads, or decorate one.

    The delays (seconds) start at `initial_delay` and grow by `backoff_factor`, each with up to half
    of itself added at random, none above `max_delay`. Where the response names the quota's reset, the
    delay lasts at least until then, even above `max_delay`; a reset later than LONGEST_RESET_S ends the
    retries at once, because an earlier try would be throttled again.

    `wait` is called with seconds (`Shutdown.wait` fits); when it returns true, a stop was requested and
    the last error is raised.
    """

    def __init__(
        self,
        max_retries: int = 3,
        initial_delay: float = 1.0,
        max_delay: float = 30.0,
        backoff_factor: float = 2.0,
        *,
        wait: Callable[[float], object] | None = None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.max_retries = max_retries
        self.initial_delay = initial_delay
        self.max_delay = max_delay
        self.backoff_factor = backoff_factor
        self.on_failure: Callable[[BaseException], object] = lambda _: None
        """Called with the error of each try that failed."""
        self.on_retry: Callable[[], object] = lambda: None
        """Called before each further try."""
        self._wait = wait or threading.Event().wait
        self._random = random

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """As a decorator: `function` with retries; its name, arguments and result are kept."""

        @wraps(function)
        def with_retries(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.call(lambda: function(*args, **kwargs))

        return with_retries

    def call(self, function: Callable[[], T], *, within_s: float = math.inf) -> T:
        """The result of `function()`; raises its last error unchanged.

        No further try begins later than `within_s` after the first.
        """

        def is_enough(state: RetryCallState) -> bool:
            return self._is_enough(state) or _next_try_s(state) >= within_s

        retrying = Retrying(
            retry=retry_if_exception(self._check),
            stop=is_enough,
            wait=self._delay_s,
            before_sleep=self._wait_or_raise,
            sleep=_no_sleep,
            reraise=True,
        )
        return retrying(function)

    def should_retry(self, error: BaseException) -> bool:
        """Whether another try can help: connection errors, time-outs, throttling, errors of the service."""
        return not isinstance(error, _LASTING) and classify(error).is_retryable

    def _check(self, error: BaseException) -> bool:
        self.on_failure(error)
        return self.should_retry(error)

    def _is_enough(self, state: RetryCallState) -> bool:
        if state.attempt_number > self.max_retries:
            return True
        return (reset_after_s(_last_error(state)) or 0.0) > LONGEST_RESET_S

    def _delay_s(self, state: RetryCallState) -> float:
        growing_s = self.initial_delay * self.backoff_factor ** (state.attempt_number - 1)
        delay_s = min(self.max_delay, growing_s * (1.0 + _JITTER * self._random()))
        return max(delay_s, reset_after_s(_last_error(state)) or 0.0)

    def _wait_or_raise(self, state: RetryCallState) -> None:
        """Wait in tenacity's hook before its sleep: only here the last error can be raised after a stop."""
        if self._wait(state.upcoming_sleep):
            raise _last_error(state)
        self.on_retry()


def _last_error(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    if error is None:
        raise AssertionError("tenacity asked to repeat a call that did not fail")
    return error


def _next_try_s(state: RetryCallState) -> float:
    """When the next try would begin, in seconds after the first."""
    return (state.seconds_since_start or 0.0) + state.upcoming_sleep


def _no_sleep(_seconds: float) -> None:
    """Replaces tenacity's own sleep."""

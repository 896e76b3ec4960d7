"""Calls to the cluster: circuit breaker, retries, and a deadline for those that somebody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from urllib3 import Timeout

from worker.errors import UnavailableError
from worker.index.opensearch.client import OpenSearch, read_answer, translate_errors
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

SEARCH_S = 5.0
"""Longer nobody waits for an answer; what is there by then is better than all of it later."""
_CLUSTER_SHARE = 0.8
"""So much of the time is the cluster's: it still has to send what it found."""
_LEAST_S = 0.05

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPolicy:
    """Circuit breaker and retries of requests, and how long a search may take, its retries included.

    `breaker` must count UnavailableError only: a 429 or a refused document does not mean an outage.
    """

    breaker: CircuitBreaker
    retry: RetryHandler
    search_s: float = SEARCH_S


class Deadline:
    """What is left of the time that somebody waits; shared by the requests of one search."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._until = clock() + seconds

    @property
    def left_s(self) -> float:
        """Seconds until then. Raises UnavailableError when there are none."""
        left_s = self._until - self._clock()
        if left_s < _LEAST_S:
            raise UnavailableError(f"OpenSearch did not answer within {self._seconds:g} s.")
        return left_s


class ClusterCalls:
    """Makes the calls of one IndexManager. Raises the errors of `translate_errors` and of the breaker."""

    def __init__(self, client: OpenSearch, policy: IndexPolicy) -> None:
        self._client = client
        self._policy = policy

    def call(self, what: str, function: Callable[[], _Result]) -> _Result:
        """The result of `function()`; `what` completes "Could not ..."."""

        def attempt() -> _Result:
            with translate_errors(what):
                return function()

        return self._policy.retry.call(lambda: self._policy.breaker.call(attempt))

    def deadline(self) -> Deadline:
        """The deadline of a search that begins now."""
        return Deadline(self._policy.search_s)

    def read(
        self,
        what: str,
        request: Callable[[Timeout], Any],
        to_result: Callable[[Any], _Result],
        *,
        deadline: Deadline | None = None,
    ) -> _Result:
        """What `to_result` makes of the answer to `request(time-out)`, for somebody who waits."""
        return self._read_until(
            deadline or self.deadline(), what, lambda left_s: request(Timeout(total=left_s)), to_result
        )

    def search(
        self,
        alias: str,
        body: Mapping[str, Any],
        to_result: Callable[[Any], _Result],
        *,
        deadline: Deadline | None = None,
    ) -> _Result:
        """What `to_result` makes of a search's answer; it may be partial when the cluster takes too long."""

        def request(left_s: float) -> Any:
            timed = {**body, "timeout": f"{left_s * _CLUSTER_SHARE * 1_000:.0f}ms"}
            return self._client.search(index=alias, body=timed, request_timeout=Timeout(total=left_s))

        return self._read_until(deadline or self.deadline(), f"search {alias}", request, to_result)

    def _read_until(
        self,
        deadline: Deadline,
        what: str,
        request: Callable[[float], Any],
        to_result: Callable[[Any], _Result],
    ) -> _Result:
        def attempt() -> _Result:
            with translate_errors(what):
                answer = request(deadline.left_s)
            with read_answer(what):
                return to_result(answer)

        return self._policy.retry.call(lambda: self._policy.breaker.call(attempt), within_s=deadline.left_s)

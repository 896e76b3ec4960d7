"""LifecycleHook: keeps the group waiting while the worker stops, then lets the termination go on.

A hook buys no time against a Spot interruption; it spares the group the rest of the hook's time-out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.errors import ThrottledError, TransientError, WorkerError
from worker.fleet.membership import Membership
from worker.runtime.metrics import Metrics

# The shortest time-out of a hook is 30 s.
_HEARTBEAT_S = 15.0
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 4.0
# The state that announces a termination may be ahead of the action it waits for.
_TRIES_WITHOUT_ACTION = 3

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class LifecycleHook:
    """The termination hook of this instance. `step` in one thread; `complete` once, at the very end."""

    membership: Membership
    is_leaving: Callable[[], bool]
    metrics: Metrics
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = field(default_factory=lambda: threading.Event().wait)
    _due: float = 0.0
    _is_refused: bool = False

    def step(self) -> None:
        """While this instance is leaving: have the group wait on, every quarter of a minute."""
        if not self.is_leaving() or self._is_refused or self.clock() < self._due:
            return
        group = self.membership.find()
        if group is None or not group.hook:
            return
        self._due = self.clock() + _HEARTBEAT_S
        try:
            group.record_heartbeat()
        except TransientError as error:
            self._due = self.clock() + _LONGEST_RETRY_S
            _log.info("lifecycle_heartbeat_failed", reason=str(error))
        except WorkerError as error:
            self._refuse(error)

    def complete(self, *, within_s: float) -> bool:
        """Complete the lifecycle action, once in effect; whether it is. Raises nothing."""
        group = self.membership.find()
        if group is None or not group.hook or not self.is_leaving():
            return False
        until, delay_s, is_lost, tries = self.clock() + within_s, _FIRST_RETRY_S, False, 0
        while True:
            try:
                if group.complete_lifecycle_action() or is_lost:
                    # Where an answer was lost and the action is gone, it was that call that completed it.
                    self._report("completed", answer_lost=is_lost)
                    return True
                tries += 1
                if tries >= _TRIES_WITHOUT_ACTION:
                    self._report("absent")
                    return False
            except TransientError as error:
                is_lost = is_lost or not isinstance(error, ThrottledError)
                _log.info("lifecycle_action_retried", reason=str(error))
            except WorkerError as error:
                self._refuse(error)
                self._report("refused")
                return False
            if self.clock() + delay_s >= until:
                self._report("unanswered")
                return False
            self.wait(delay_s)
            delay_s = min(2 * delay_s, _LONGEST_RETRY_S)

    def _refuse(self, error: WorkerError) -> None:
        if not self._is_refused:
            self._is_refused = True
            _log.warning("lifecycle_hook_refused", reason=str(error))

    def _report(self, result: str, **details: object) -> None:
        self.metrics.lifecycle_actions.labels(result=result).inc()
        _log.info("lifecycle_action", result=result, **details)

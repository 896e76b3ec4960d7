"""ScaleInProtection: the group takes no instance that has documents in hand.

It is no protection from Spot interruptions, and no document depends on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.errors import TransientError, WorkerError
from worker.fleet.membership import Membership
from worker.runtime.metrics import Metrics

_IDLE_S = 60.0
_RETRY_S = 10.0
_REFUSED_RETRY_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class ScaleInProtection:
    """Set while there is work, taken off after a minute without. Raises nothing."""

    membership: Membership
    is_busy: Callable[[], bool]
    metrics: Metrics
    clock: Callable[[], float] = time.monotonic
    _is_protected: bool | None = None
    """None at first: a predecessor that was killed may have left it on."""
    _idle_since: float | None = None
    _retry_at: float = 0.0
    _is_refused: bool = False

    def step(self) -> None:
        """Set or end the protection where that is due."""
        now = self.clock()
        if self.is_busy():
            self._idle_since = None
            self._set(True, now)
            return
        if self._idle_since is None:
            self._idle_since = now
        if now - self._idle_since >= _IDLE_S:
            self._set(False, now)

    def release(self) -> None:
        """End it at a stop: a machine whose worker has ended must not stay protected."""
        if self._is_protected:
            self._retry_at = 0.0
            self._set(False, self.clock())

    def _set(self, is_protected: bool, now: float) -> None:
        if is_protected is self._is_protected or now < self._retry_at:
            return
        group = self.membership.find()
        if group is None:
            return
        try:
            group.set_protection(is_protected)
        except TransientError as error:
            self._retry_at = now + _RETRY_S
            _log.info("protection_failed", reason=str(error))
        except WorkerError as error:
            self._retry_at = now + _REFUSED_RETRY_S
            if not self._is_refused:
                self._is_refused = True
                _log.warning("protection_refused", reason=str(error))
        else:
            self._is_protected = is_protected
            self._is_refused = False
            self.metrics.scale_in_protected.set(is_protected)
            _log.info("scale_in_protection", is_protected=is_protected, group=group.name)

"""SpotInterruptionHandler: notices of the instance metadata service become a stop.

Sources: the Spot instance action (terminate, stop, hibernate), the rebalance recommendation and the Auto
Scaling lifecycle state. A 404 is the only all-clear.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from worker.aws.instance_metadata import InstanceMetadata
from worker.errors import UnavailableError
from worker.runtime.loops import Loop
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown

_MARGIN_S = 2.0
_LEAST_S = 10.0
_BLIND_AFTER = 4
_LEAVING = frozenset({"Terminated"})

_log = structlog.get_logger(__name__)


class SpotInterruptionHandler:
    """Watches for notices. Times in seconds; `grace_period` is what a notice without a time gives."""

    def __init__(
        self,
        metadata: InstanceMetadata,
        shutdown: Shutdown,
        metrics: Metrics,
        *,
        check_interval: float = 2.0,
        grace_period: float = 120.0,
        on_interrupt_callback: Callable[[datetime], None] | None = None,
    ) -> None:
        self.check_interval = check_interval
        self.grace_period = grace_period
        self.termination_time: datetime | None = None
        self._metadata = metadata
        self._shutdown = shutdown
        self._metrics = metrics
        self._on_interrupt = on_interrupt_callback
        self._rebalance = False
        self._seen = False
        self._told = False
        self._failures = 0
        self._stop_monitoring = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def interruption_expected(self) -> bool:
        """Whether the machine may be taken away soon, or we would not hear of it."""
        return self._rebalance or (self._seen and self._failures >= _BLIND_AFTER)

    def check_interruption_notice(self) -> bool:
        """Ask once; True when this instance will be interrupted (see `termination_time`).

        Raises UnavailableError when the metadata service does not answer.
        """
        action = self._metadata.spot_action()
        if action is None:
            return False
        self.termination_time = action.time
        return True

    def step(self) -> None:
        """Look once at every source and act on what is there."""
        try:
            if self.check_interruption_notice() and self.termination_time is not None:
                self._interrupt("spot interruption", self.termination_time)
                return
            if self._metadata.target_lifecycle_state() in _LEAVING:
                self._shutdown.request("scale-in")
            if not self._rebalance and self._metadata.is_rebalance_recommended():
                self._rebalance = True
                _log.warning("rebalance_recommended")
        except UnavailableError as error:
            self._count_failure(error)
            return
        self._seen = True
        self._failures = 0
        self._metrics.metadata_blind.set(0)

    def start_monitoring(self) -> None:
        """Look every `check_interval` seconds in a thread of our own."""
        self._stop_monitoring.clear()
        watch = Loop(
            name="spot-monitor",
            step=self.step,
            ended=self._stop_monitoring.is_set,
            interval_s=self.check_interval,
            pause=self._stop_monitoring,
        )
        self._thread = watch.start(self._shutdown)

    def stop_monitoring(self) -> None:
        """End the thread."""
        self._stop_monitoring.set()
        if self._thread is not None:
            self._thread.join(timeout=self.check_interval + 5.0)
            self._thread = None

    def _interrupt(self, reason: str, when: datetime) -> None:
        """Stop within the time the notice leaves; a wrong clock must not make it less than enough."""
        left_s = max(_LEAST_S, (when - datetime.now(UTC)).total_seconds() - _MARGIN_S)
        self._shutdown.request(reason, within_s=min(self.grace_period, left_s))
        if not self._told:
            self._told = True
            _log.warning("interruption_notice", at=when.isoformat(), left_s=round(left_s, 1))
            if self._on_interrupt is not None:
                self._on_interrupt(when)

    def _count_failure(self, error: UnavailableError) -> None:
        self._failures += 1
        if self._failures == _BLIND_AFTER:
            self._metrics.metadata_blind.set(1)
            _log.warning("metadata_blind", reason=str(error), ever_seen=self._seen)

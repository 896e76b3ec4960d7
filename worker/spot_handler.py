"""SpotInterruptionHandler: turns notices of the instance metadata service into a shutdown.

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
_MIN_TIMEOUT_S = 10.0
_UNREACHABLE_AFTER = 4  # polls in a row: one failure is a hiccup
_SCALE_IN_STATES = frozenset({"Terminated"})

_log = structlog.get_logger(__name__)


class SpotInterruptionHandler:
    """Polls for notices. Times in seconds; `grace_period` is the longest timeout a notice can set."""

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
        self._ever_reached = False
        self._announced = False
        self._failures = 0
        self._stop_monitoring = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def interruption_expected(self) -> bool:
        """Whether an interruption is likely, or its notice could not be received."""
        # A service that never answered is no EC2 instance: nothing to expect there.
        return self._rebalance or (self._ever_reached and self._failures >= _UNREACHABLE_AFTER)

    def check_interruption_notice(self) -> bool:
        """Poll once; True when this instance will be interrupted (see `termination_time`).

        Raises UnavailableError when the metadata service does not answer.
        """
        action = self._metadata.spot_action()
        if action is None:
            return False
        self.termination_time = action.time
        return True

    def step(self) -> None:
        """Poll every source once and act on its answer."""
        try:
            if self.check_interruption_notice() and self.termination_time is not None:
                self._interrupt("spot interruption", self.termination_time)
                return
            if self._metadata.target_lifecycle_state() in _SCALE_IN_STATES:
                if not self._shutdown.is_requested:
                    self._metrics.interruptions.labels(kind="scale_in").inc()
                self._shutdown.request("scale-in")
            if not self._rebalance and self._metadata.is_rebalance_recommended():
                self._rebalance = True
                self._metrics.interruptions.labels(kind="rebalance").inc()
                _log.warning("rebalance_recommended")
        except UnavailableError as error:
            self._count_failure(error)
            return
        self._ever_reached = True
        self._failures = 0
        self._metrics.metadata_unreachable.set(0)

    def start_monitoring(self) -> None:
        """Call `step` every `check_interval` seconds in a thread."""
        self._stop_monitoring.clear()
        watch = Loop(
            name="spot-monitor",
            step=self.step,
            is_over=self._stop_monitoring.is_set,
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
        """Request a shutdown within the time that the notice leaves."""
        # The time of the notice is compared with our wall clock, which may be wrong: hence the minimum.
        left_s = max(_MIN_TIMEOUT_S, (when - datetime.now(UTC)).total_seconds() - _MARGIN_S)
        self._shutdown.request(reason, within_s=min(self.grace_period, left_s))
        if not self._announced:
            self._announced = True
            self._metrics.interruptions.labels(kind="spot").inc()
            _log.warning("interruption_notice", at=when.isoformat(), left_s=round(left_s, 1))
            if self._on_interrupt is not None:
                self._on_interrupt(when)

    def _count_failure(self, error: UnavailableError) -> None:
        self._failures += 1
        if self._failures == _UNREACHABLE_AFTER:
            self._metrics.metadata_unreachable.set(1)
            _log.warning("metadata_unreachable", reason=str(error), ever_reached=self._ever_reached)

"""SpotInterruptionHandler: turns notices of the instance metadata service into a shutdown.

Sources: the Spot instance action (terminate, stop, hibernate), the rebalance recommendation and the Auto
Scaling lifecycle state. A 404 is the only all-clear.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from worker.aws.instance_metadata import InstanceMetadata
from worker.aws.messages.receipts import from_receipt
from worker.aws.queue_manager import QueueManager
from worker.config import load_settings
from worker.errors import UnavailableError
from worker.runtime.loops import Loop
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.runtime.systemd.watchdog import Watchdog

_MARGIN_S = 2.0
# A request that is not answered takes one; the thread dies with the process in any case.
_JOIN_S = 3.0
_LONGEST_VISIBILITY_S = 43_200
_MIN_TIMEOUT_S = 10.0
_UNREACHABLE_AFTER = 4  # polls in a row: one failure is a hiccup
# It never says Terminating:*; see "Retrieve the target lifecycle state through instance metadata" of the
# Auto Scaling user guide. From Standby and the warm pool an instance may come back.
_STANDBY, _WARMED = "Standby", "Warmed:"
_OUT_OF_SERVICE = {"Terminated": "scale-in", "Detached": "detached", _STANDBY: "standby"}
_WARM_POOL = "warm pool"
_KINDS = {"scale-in": "scale_in", "detached": "detached", "standby": "standby", _WARM_POOL: "warm_pool"}

_log = structlog.get_logger(__name__)


class SavesState(Protocol):
    """What a shutdown needs of a processor."""

    def save_state(self) -> object:
        """Checkpoint what is in progress; raises where that fails."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ShutdownReport:
    """The end of a shutdown: GRACEFUL_SHUTDOWN, or INCOMPLETE_SHUTDOWN where something is left to SQS."""

    status: str
    messages_requeued: int
    state_saved: bool

    def __getitem__(self, name: str) -> object:
        """A value by its name, for callers that expect a mapping."""
        return getattr(self, name)


class SpotInterruptionHandler:
    """Polls for notices. Times in seconds; `grace_period` is the longest timeout a notice can set.

    `on_interrupt_callback` is called once, without arguments, in the thread that heard of the interruption.
    `requeue` makes a message of a shutdown visible to other workers; True where it did. Alone, without
    arguments, the handler polls the service of the settings and stops nothing but itself.
    """

    def __init__(
        self,
        metadata: InstanceMetadata | None = None,
        shutdown: Shutdown | None = None,
        metrics: Metrics | None = None,
        *,
        check_interval: float = 2.0,
        grace_period: float = 120.0,
        on_interrupt_callback: Callable[[], object] | None = None,
    ) -> None:
        self.check_interval = check_interval
        self.grace_period = grace_period
        self.on_interrupt_callback = on_interrupt_callback
        self.termination_time: datetime | None = None
        self.requeue: Callable[[Any], bool] = self._requeue_receipt
        self.watchdog: Watchdog | None = None
        self._queue: QueueManager | None = None
        self._metadata = metadata or InstanceMetadata(load_settings().metadata_endpoint)
        self._shutdown = shutdown or Shutdown(timeout_s=grace_period)
        self._metrics = metrics or Metrics()
        self._rebalance = False
        self._is_leaving = False
        self._is_set = False
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

    @property
    def is_leaving(self) -> bool:
        """Whether this machine goes away: by a notice, or because its group takes it out for good."""
        return self._is_leaving

    def check_interruption_notice(self) -> bool:
        """Poll once; True when this instance will be interrupted (see `termination_time`).

        Raises UnavailableError when the metadata service does not answer.
        """
        if self._is_set:
            return True
        action = self._metadata.spot_action()
        if action is None:
            return False
        self.termination_time = action.time
        return True

    def is_out_of_service(self) -> bool:
        """Poll once whether the group has parked this instance, so that it must not begin to receive."""
        try:
            state = self._metadata.target_lifecycle_state() or ""
        except UnavailableError:
            return False
        return state == _STANDBY or state.startswith(_WARMED)

    def step(self) -> None:
        """Poll every source once and act on its answer."""
        try:
            if self.check_interruption_notice() and self.termination_time is not None:
                self._interrupt("spot interruption", self.termination_time)
                return
            self._follow(self._metadata.target_lifecycle_state() or "")
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
            watchdog=self.watchdog,
        )
        self._thread = watch.start(self._shutdown)

    def stop_monitoring(self) -> None:
        """End the thread."""
        self._stop_monitoring.set()
        if self._thread is not None:
            self._thread.join(timeout=_JOIN_S)
            self._thread = None

    # Bound by the specification of the interruption handling: programs of others call the next three by
    # these names and keywords. The worker itself ends in the last one (lifecycle), and the first is what the
    # heartbeat does for all its messages (QueueManager.extend).

    def extend_message_visibility(
        self, *, sqs_client: Any, queue_url: str, receipt_handle: str, extension_seconds: float
    ) -> bool:
        """Hide a message for so many seconds from now; False where its receipt no longer counts."""
        self._queue = QueueManager(sqs_client, queue_url=queue_url, dlq_url="")
        message = from_receipt(receipt_handle)
        visibility_s = int(max(0, min(extension_seconds, _LONGEST_VISIBILITY_S)))
        return message is not None and bool(self._queue.extend([message], visibility_s=visibility_s).landed)

    def set_interrupted(self, interrupted: bool) -> None:
        """Act as after a notice that leaves `grace_period`; False takes that back, but no stop that began."""
        self._is_set = interrupted
        if interrupted:
            self._is_leaving = True
            self._shutdown.request("interruption", within_s=self.grace_period, is_leaving=True)
            self._announce("by hand")

    def handle_graceful_shutdown(
        self, processor: SavesState, processing_messages: Iterable[Any]
    ) -> ShutdownReport:
        """Receive no more, save the state of what is in progress and requeue its messages. Raises nothing."""
        self._shutdown.request("graceful shutdown")
        try:
            processor.save_state()
            state_saved = True
        except Exception:  # noqa: BLE001 - the messages must be requeued all the same
            _log.exception("state_not_saved")
            state_saved = False
        messages = list(processing_messages)
        requeued = sum(map(self._try_requeue, messages))
        is_complete = state_saved and requeued == len(messages)
        return ShutdownReport(
            status="GRACEFUL_SHUTDOWN" if is_complete else "INCOMPLETE_SHUTDOWN",
            messages_requeued=requeued,
            state_saved=state_saved,
        )

    def _try_requeue(self, message: Any) -> bool:
        try:
            return bool(self.requeue(message))
        except Exception:  # noqa: BLE001 - the other messages must be requeued all the same
            _log.exception("requeue_failed")
            return False

    def _requeue_receipt(self, message: Any) -> bool:
        """Alone: in the queue that an extension named; where none did, SQS does it in its time."""
        received = from_receipt(message)
        if received is None:
            _log.warning("message_without_receipt")
            return False
        if self._queue is None:
            _log.warning("message_left_to_queue", reason="no queue is known; its visibility times out")
        elif received.body:
            # A copy's receive count starts over: an interruption is no failure of the document.
            self._queue.requeue(received, delay_s=0)
        else:
            self._queue.hide(received, delay_s=0)
        return True

    def _follow(self, state: str) -> None:
        """Stop where the group takes this instance out of service."""
        reason = _WARM_POOL if state.startswith(_WARMED) else _OUT_OF_SERVICE.get(state)
        if reason is None:
            return
        # In Standby, or detached, the machine stays: its operator waits for the process to end.
        is_leaving = reason in (_OUT_OF_SERVICE["Terminated"], _WARM_POOL)
        self._is_leaving = self._is_leaving or is_leaving
        self._shutdown.request(reason, is_leaving=is_leaving)
        self._announce(reason, state=state)

    def _interrupt(self, reason: str, when: datetime) -> None:
        """Request a shutdown within the time that the notice leaves."""
        # The time of the notice is compared with our wall clock, which may be wrong: hence the minimum.
        left_s = max(_MIN_TIMEOUT_S, (when - datetime.now(UTC)).total_seconds() - _MARGIN_S)
        self._is_leaving = True
        self._shutdown.request(reason, within_s=min(self.grace_period, left_s), is_leaving=True)
        self._announce(reason, at=when.isoformat(), left_s=round(left_s, 1))

    def _announce(self, reason: str, **details: object) -> None:
        """Log the interruption and call the callback, once."""
        if self._announced:
            return
        self._announced = True
        self._metrics.interruptions.labels(kind=_KINDS.get(reason, "spot")).inc()
        _log.warning("interruption_notice", reason=reason, **details)
        if self.on_interrupt_callback is None:
            return
        try:
            self.on_interrupt_callback()
        except Exception:  # noqa: BLE001 - the stop was requested, and goes on without it
            _log.exception("interrupt_callback_failed")

    def _count_failure(self, error: UnavailableError) -> None:
        self._failures += 1
        if self._failures == _UNREACHABLE_AFTER:
            self._metrics.metadata_unreachable.set(1)
            _log.warning("metadata_unreachable", reason=str(error), ever_reached=self._ever_reached)

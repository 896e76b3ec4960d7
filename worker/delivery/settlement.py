"""What is done to a message when its attempt has ended: delete, requeue, hide, dead-letter or leave it."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

import structlog

from worker.aws.file_table import FileTable
from worker.aws.queue_manager import QueueManager
from worker.delivery.heartbeat import Heartbeat, Lease
from worker.delivery.parked_messages import ParkedMessages
from worker.delivery.pending_deletes import PendingDeletes
from worker.errors import (
    Code,
    MisconfiguredError,
    ServiceRefusedError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)
from worker.models.ledger import Claim
from worker.outcome import Ending, Outcome
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown

# A requeue sends and deletes: on a lease that lapses in between, the message would exist twice.
_MIN_LEASE_S = 10.0
_MAX_DELAY_S = 900.0
# Far below the queue's redrive limit (100, the doctor warns below 20), which a lasting outage must not reach.
_MAX_RECEIVES = 10

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class Settlement:
    """Settles messages; several threads may call it.

    `poll_ends` is when the worker's own open poll ends at the latest (0 when none is open), and
    `requeued` how many messages were replaced by a fresh copy. `unsettled` counts those that a stop left to
    SQS, which redelivers them when their leases lapse. Finished messages are deleted at once, and in batches
    after `hold_deletes`.
    """

    queue: QueueManager
    table: FileTable
    heartbeat: Heartbeat
    shutdown: Shutdown
    metrics: Metrics
    parked: ParkedMessages
    deletes: PendingDeletes | None = None
    poll_ends: float = 0.0
    requeued: int = 0
    unsettled: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, lease: Lease, ended: Outcome) -> None:
        """Do to the message what the outcome says; SQS redelivers one that cannot be settled."""
        # First, so that no late renewal can hide a message that was just made visible again.
        self.heartbeat.release(lease)
        self.metrics.settled.labels(ending=ended.ending.value).inc()
        try:
            match ended.ending:
                case Ending.DONE:
                    self._delete(lease)
                case Ending.REQUEUE:
                    self._requeue(lease)
                case Ending.RETRY:
                    self._retry_later(lease, ended)
                case Ending.DEAD_LETTER:
                    self.queue.dead_letter(lease.message, code=ended.code, reason=ended.message)
                    self.metrics.records_rejected.labels(code=ended.code).inc()
                    self._delete(lease)
                case Ending.ABANDON:
                    # The heartbeat has counted the others.
                    self.metrics.leases_lost.inc(not lease.lost)
                case Ending.STOP:
                    self.shutdown.fail(MisconfiguredError(ended.message, code=Code(ended.code)))
        except WorkerError as error:
            # Whether a refusal lasts is known to the monitor of these calls; SQS redelivers the message.
            if isinstance(error, MisconfiguredError) and not isinstance(error, ServiceRefusedError):
                self.shutdown.fail(error)
            self._count_unsettled(lease, ended.ending.value, str(error))
        finally:
            if lease.claim is not None:
                self.parked.wake(lease.claim.file_id)

    def _requeue(self, lease: Lease) -> None:
        """Clear the owner and replace the message by a fresh copy, whose receive count starts over."""
        if lease.claim is not None:
            self._release(lease.claim)
        if not self._has_time(lease):
            self._count_unsettled(lease, Ending.REQUEUE.value, "its lease has lapsed or could not be renewed")
            return
        # Our own open poll must not receive the copy: its message would be lost with this worker.
        poll_left_s = self.poll_ends - self.shutdown.now()
        delay_s = math.ceil(poll_left_s) + 2 if poll_left_s > 0 else 0
        copy = self.queue.requeue(lease.message, delay_s=delay_s)
        self._report_copy(copy, "interrupted", delay_s)
        with self._lock:
            self.requeued += 1

    def _report_copy(self, copy: str, reason: str, delay_s: int) -> None:
        self.metrics.requeues.labels(reason=reason).inc()
        _log.info("message_requeued", copy=copy, reason=reason, delay_s=delay_s)

    def _has_time(self, lease: Lease) -> bool:
        """Whether a lease lasts long enough to replace its message; one that is nearly over is renewed."""
        if lease.left_s < _MIN_LEASE_S:
            self.heartbeat.renew(lease)
        return lease.left_s >= _MIN_LEASE_S

    def _release(self, claim: Claim) -> None:
        try:
            self.table.release(claim, interrupted=True)
        except (ThrottledError, UnavailableError, ServiceRefusedError) as error:
            # The copy is sent all the same: its worker takes the file over when the claim has stood still.
            _log.warning("release_failed", reason=str(error))

    def hold_deletes(self) -> None:
        """From now on hold finished messages in `deletes`, whose `step` a thread must call."""
        self.deletes = PendingDeletes(
            queue=self.queue,
            heartbeat=self.heartbeat,
            shutdown=self.shutdown,
            metrics=self.metrics,
            report=self._report_undeleted,
        )

    def flush(self) -> None:
        """Delete the finished messages that wait for their batch, at the end of a stop."""
        if self.deletes is not None:
            self.deletes.flush()

    def _report_undeleted(self, lease: Lease, reason: str) -> None:
        self._count_unsettled(lease, "delete", reason)

    def _delete(self, lease: Lease) -> None:
        if self.deletes is not None:
            self.deletes.add(lease)
        elif self.queue.delete([lease.message]):
            self._report_undeleted(lease, "it was not deleted")

    def _count_unsettled(self, lease: Lease, what: str, reason: str) -> None:
        _log.warning("settle_failed", message_id=lease.message.message_id, ending=what, reason=reason)
        if self.shutdown.is_requested:
            with self._lock:
                self.unsettled += 1

    def _retry_later(self, lease: Lease, ended: Outcome) -> None:
        message = lease.message
        try:
            self._release_claim(lease, ended)
        except (TransientError, ServiceRefusedError) as error:
            # Without a longer wait the message would come back with every lapse of its lease.
            _log.warning("claim_not_released", code=error.code, reason=str(error))
        delay_s = math.ceil(min(_MAX_DELAY_S, ended.delay_s * max(1, message.receives)))
        if message.receive_count >= _MAX_RECEIVES and self._has_time(lease):
            copy = self.queue.requeue(message, delay_s=delay_s, interrupted=False)
            self._report_copy(copy, "receives", delay_s)
        elif lease.left_s > 0:
            self.queue.hide(message, delay_s=delay_s)

    def _release_claim(self, lease: Lease, ended: Outcome) -> None:
        if lease.claim is None:
            return
        if ended.counted:
            self.table.record_failure(lease.claim, code=ended.code, message=ended.message)
        else:
            self.table.release(lease.claim, interrupted=False)

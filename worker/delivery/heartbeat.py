"""Leases on received messages, and the heartbeat that renews them in the queue and in the ledger.

A lease whose deadline passes is lost: its work is cancelled at the next check.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import structlog

from worker.aws.file_table import FileTable
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.errors import JobInterrupted, LeaseLostError, WorkerError
from worker.models.ledger import Claim
from worker.runtime.metrics import Metrics
from worker.runtime.trace import follow

# Work stops this long before the deadline, so that no write begins on a lease that lapses meanwhile.
_MARGIN_S = 5.0
# Parked messages of other workers take an attempt over whose beat stood still for 90 s.
_LONGEST_INTERVAL_S = 40.0
# One call of SQS renews so many.
_BATCH = 10
# SQS hides a message for 12 hours from its receipt at most.
_MAX_HIDDEN_S = 12 * 3600.0
_REQUEUE_AFTER_S = 11 * 3600.0

_log = structlog.get_logger(__name__)


class Lease:
    """One held message: the deadline of its lease, and the claim its work holds.

    It is finished when its work is done, and it is held until the batch of its delete is sent.
    """

    def __init__(self, message: ReceivedMessage, clock: Callable[[], float]) -> None:
        self.message = message
        # A local deadline, counted from before the receive: a 200 from the queue proves no ownership.
        self.deadline = message.received_at + message.visibility_s
        self.renewal_due = message.received_at + _renewal_interval_s(message.visibility_s)
        self.claim: Claim | None = None
        self.lost = False
        self.is_finished = False
        self._clock = clock

    @property
    def left_s(self) -> float:
        """Seconds until the queue may deliver the message to another worker."""
        return 0.0 if self.lost else self.deadline - self._clock()

    @property
    def is_near_limit(self) -> bool:
        """Whether the message must be replaced by a fresh copy: SQS soon refuses to hide this one."""
        return self._clock() - self.message.received_at > _REQUEUE_AFTER_S

    def check(self) -> None:
        """Raise LeaseLostError when the work must stop, JobInterrupted near the 12-hour limit of SQS."""
        if self.left_s < _MARGIN_S:
            raise LeaseLostError(f"the lease on message {self.message.message_id} lapsed")
        if self.is_near_limit:
            raise JobInterrupted("the message was held for 11 hours; requeued as a new one")


class Heartbeat:
    """All leases of this worker. `step` renews those that are due."""

    def __init__(
        self,
        *,
        queue: QueueManager,
        table: FileTable,
        visibility_s: int,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Called after each of the calls of a step: while AWS does not answer, a step of many calls takes
        # minutes and is no hanging one.
        self.on_progress: Callable[[], object] = lambda: None
        self._queue = queue
        self._table = table
        self._visibility_s = visibility_s
        self._metrics = metrics
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()
        # Held during a renewal, so that `release` returns only when none is in progress.
        self._renewing = threading.Lock()

    def hold(self, message: ReceivedMessage) -> Lease:
        """Begin to renew the lease of a message, from the moment it was received."""
        lease = Lease(message, self._clock)
        with self._lock:
            self._leases[message.message_id] = lease
        return lease

    def keep(self, lease: Lease) -> None:
        """Renew the lease of a finished message until its delete; it is no message in hand any more."""
        with self._lock:
            lease.is_finished = True
            # Of a message that was received twice the later lease stays: its receipt is the one that counts.
            self._leases.setdefault(lease.message.message_id, lease)

    def held(self) -> list[Lease]:
        """The leases that were not released, but for those of finished messages."""
        with self._lock:
            return [lease for lease in self._leases.values() if not lease.is_finished]

    def first_seen_ms(self) -> list[int]:
        """When the first copies of the messages in hand were sent."""
        return [lease.message.first_seen_ms for lease in self.held()]

    def release(self, lease: Lease) -> None:
        """Stop the renewals of a message; after the return no late one can hide it again."""
        with self._lock:
            if self._leases.get(lease.message.message_id) is lease:
                del self._leases[lease.message.message_id]
        with self._renewing:
            return

    def renew(self, lease: Lease) -> None:
        """Renew one lease now, held or released, unless it has lapsed; `left_s` shows whether it worked."""
        if lease.left_s > 0:
            with self._renewing:
                self._renew_all([lease])

    def step(self) -> None:
        """Renew the leases that are due."""
        now = self._clock()
        with self._lock:
            due = [
                lease
                for lease in self._leases.values()
                # A finished message whose lease is lost is only deleted: no work on it has to hear of that.
                if lease.renewal_due <= now and not (lease.is_finished and lease.lost)
            ]
        for start in range(0, len(due), _BATCH):
            with self._renewing:
                # Some may have been released since the list was made.
                if held := [lease for lease in due[start : start + _BATCH] if self._is_held(lease)]:
                    self._renew_all(held)
            self.on_progress()
        # Outside the lock: a slow ledger must not delay `release`, and so the settling of a message.
        self._renew_claims(due)

    def _is_held(self, lease: Lease) -> bool:
        with self._lock:
            return self._leases.get(lease.message.message_id) is lease

    def _renew_all(self, leases: list[Lease]) -> None:
        now = self._clock()
        # A message near its 12-hour limit gets what is left of it, and must not shorten the other leases.
        groups: defaultdict[int, list[Lease]] = defaultdict(list)
        for lease in leases:
            groups[min(self._visibility_s, _visibility_limit_s(lease, now))].append(lease)
        for visibility_s, group in groups.items():
            self._renew(group, visibility_s)

    def _renew(self, leases: list[Lease], visibility_s: int) -> None:
        before = self._clock()
        extension = self._queue.extend([lease.message for lease in leases], visibility_s=visibility_s)
        for lease in leases:
            message_id = lease.message.message_id
            if message_id in extension.landed:
                lease.deadline = before + visibility_s
                lease.renewal_due = before + _renewal_interval_s(visibility_s)
                self._metrics.lease_renewals.inc()
            elif message_id in extension.lost:
                self._lose(lease, "the queue no longer knows the receipt")
            else:
                # The lease still runs for two thirds of its time: try again soon.
                lease.renewal_due = before + 1.0
                self._metrics.lease_renewal_failures.inc()
                if lease.left_s <= 0:
                    self._lose(lease, "it was not renewed in time")

    def _renew_claims(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            claim = lease.claim
            if claim is None or lease.lost:
                continue
            try:
                # The message may be on its next file by the time of the answer: that one is not lost.
                if not self._table.beat(claim) and lease.claim is claim:
                    self._lose(lease, "another attempt claimed the file")
            except WorkerError as error:
                # The other rows would wait as long for the same error; they are renewed at the next turn.
                _log.warning("ledger_renewal_failed", code=error.code, reason=str(error))
                return
            self.on_progress()

    def _lose(self, lease: Lease, reason: str) -> None:
        lease.lost = True
        self._metrics.lease_renewal_failures.inc()
        self._metrics.leases_lost.inc()
        with follow(lease.message.trace):
            _log.warning("lease_lost", message_id=lease.message.message_id, reason=reason)


def _renewal_interval_s(visibility_s: float) -> float:
    """A third of the lease, so that two renewals may fail before it lapses."""
    return min(visibility_s / 3, _LONGEST_INTERVAL_S)


def _visibility_limit_s(lease: Lease, now: float) -> int:
    """How long SQS lets a message be hidden from now on, less a minute."""
    return max(1, int(_MAX_HIDDEN_S - (now - lease.message.received_at) - 60))

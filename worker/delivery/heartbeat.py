"""Keeps held messages hidden, and knows until when.

A 200 from the queue is no proof of ownership, so a lease is a local deadline: monotonic time before the
receive (or the last beat that landed) plus the visibility asked for. A beat is due at a third of it.
With the queue's visibility the ledger's `beat` is raised too, by which other workers see that this
attempt lives. A lease whose deadline passes is lost: its work is cancelled at the next check.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import structlog

from worker.aws.file_table import FileTable
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.errors import JobInterrupted, LeaseLostError, WorkerError
from worker.models.ledger import Claim
from worker.runtime.metrics import Metrics

_MARGIN_S = 5.0
_LONGEST_BEAT_S = 40.0
_HIDDEN_AT_MOST_S = 12 * 3600.0
_HAND_ON_AFTER_S = 11 * 3600.0

_log = structlog.get_logger(__name__)


class Lease:
    """One held message: until when it is surely ours, and the claim its work holds."""

    def __init__(self, message: ReceivedMessage, clock: Callable[[], float]) -> None:
        self.message = message
        self.deadline = message.received_at + message.visibility_s
        self.beat_due = message.received_at + _beat_every_s(message.visibility_s)
        self.claim: Claim | None = None
        self.lost = False
        self._clock = clock

    @property
    def left_s(self) -> float:
        """Seconds until the message may be given to somebody else."""
        return 0.0 if self.lost else self.deadline - self._clock()

    def check(self) -> None:
        """Raise LeaseLostError when the work must stop, JobInterrupted near the 12-hour wall.

        SQS hides a message for 12 hours from its receipt at the most, so work that gets there
        hands itself on as a new message.
        """
        if self.left_s < _MARGIN_S:
            raise LeaseLostError(f"the lease on message {self.message.message_id} lapsed")
        if self._clock() - self.message.received_at > _HAND_ON_AFTER_S:
            raise JobInterrupted("the message was held for 11 hours; handed on as a new one")


class Heartbeat:
    """All leases of this worker. `step` beats those that are due."""

    def __init__(
        self,
        *,
        queue: QueueManager,
        table: FileTable,
        visibility_s: int,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._table = table
        self._visibility_s = visibility_s
        self._metrics = metrics
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()
        # Held while a beat is under way, so that `release` returns only when none is.
        self._beating = threading.Lock()

    def hold(self, message: ReceivedMessage) -> Lease:
        """Begin to keep a message hidden, from the moment it was received."""
        lease = Lease(message, self._clock)
        with self._lock:
            self._leases[message.message_id] = lease
        return lease

    def release(self, lease: Lease) -> None:
        """Stop beating for a message; afterwards no late beat can hide it again."""
        with self._lock:
            if self._leases.get(lease.message.message_id) is lease:
                del self._leases[lease.message.message_id]
        with self._beating:
            return

    def step(self) -> None:
        """Beat what is due; whatever goes wrong, the next turn comes."""
        now = self._clock()
        with self._lock:
            due = [lease for lease in self._leases.values() if lease.beat_due <= now]
        if not due:
            return
        with self._beating:
            # A message may be settled between the two looks.
            if held := [lease for lease in due if self._held(lease)]:
                self._beat(held)
        # Apart from the queue's beats: a ledger that hangs must not hold a settling message up.
        self._beat_claims(due)

    def _held(self, lease: Lease) -> bool:
        with self._lock:
            return self._leases.get(lease.message.message_id) is lease

    def _beat(self, leases: list[Lease]) -> None:
        before = self._clock()
        visibility_s = min(self._visibility_s, *(_wall_s(lease, before) for lease in leases))
        extension = self._queue.extend([lease.message for lease in leases], visibility_s=visibility_s)
        for lease in leases:
            message_id = lease.message.message_id
            if message_id in extension.landed:
                lease.deadline = before + visibility_s
                lease.beat_due = before + _beat_every_s(visibility_s)
                self._metrics.beats_landed.inc()
            elif message_id in extension.lost:
                self._lose(lease, "the queue no longer knows the receipt")
            else:
                lease.beat_due = before + 1.0
                self._metrics.beats_failed.inc()
                if lease.left_s <= 0:
                    self._lose(lease, "no beat landed in time")

    def _beat_claims(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            claim = lease.claim
            if claim is None or lease.lost:
                continue
            try:
                # By the time of the answer the message may be on its next file: that one is not lost.
                if not self._table.beat(claim) and lease.claim is claim:
                    self._lose(lease, "another attempt claimed the file")
            except WorkerError as error:
                # The others would wait as long for the same answer; they are beaten at their next turn.
                _log.warning("ledger_beat_failed", code=error.code, reason=str(error))
                return

    def _lose(self, lease: Lease, why: str) -> None:
        lease.lost = True
        self._metrics.beats_failed.inc()
        _log.warning("lease_lost", message_id=lease.message.message_id, reason=why)


def _beat_every_s(visibility_s: float) -> float:
    """A third of the lease; often enough, too, for others to see the ledger's beat move."""
    return min(visibility_s / 3, _LONGEST_BEAT_S)


def _wall_s(lease: Lease, now: float) -> int:
    """How long SQS lets a message be hidden from now on: 12 hours from its receipt, less a minute."""
    return max(1, int(_HIDDEN_AT_MOST_S - (now - lease.message.received_at) - 60))

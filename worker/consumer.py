"""Receive, attempt, settle: the way of a message through this worker.

A message is deleted only after the ledger row of every file it names is committed, and correctness never
depends on that delete. An attempt is in `attempt.py`, what is done to the message after it in
`delivery/settlement.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker import outcome
from worker.attempt import Attempts
from worker.aws.messages.message_deleter import BATCH
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.delivery.attempt_queue import AttemptQueue
from worker.delivery.heartbeat import Heartbeat, Lease
from worker.delivery.local_health import LocalHealth
from worker.delivery.parked_messages import ParkedMessages
from worker.delivery.settlement import Settlement
from worker.errors import (
    Code,
    JobInterrupted,
    MisconfiguredError,
    ServiceRefusedError,
    ThrottledError,
    TransientError,
    WorkerError,
)
from worker.resilience.resource_monitor import ResourceMonitor
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.runtime.trace import follow

# An attempt thread notices the end of its loop within this time.
_TICK_S = 0.5
# In a backlog a place that is free waits so long for others, until a third of them are.
_GATHER_S = 2.0
_GATHER_SHARE = 3
# Not 0: a message that is visible at once could come back to a poll of this worker.
_ABANDONED_DELAY_S = 2

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class Consumer:
    """The messages of one worker; one thread calls each of the steps, several threads call `attempt_step`.

    `pace` waits for the turn of the next attempt, and returns early at a stop.
    """

    queue: QueueManager
    attempts: Attempts
    settlement: Settlement
    heartbeat: Heartbeat
    local_health: LocalHealth
    parked: ParkedMessages
    attempt_queue: AttemptQueue
    shutdown: Shutdown
    metrics: Metrics
    max_documents: int
    poll_wait_s: int
    interruption_expected: Callable[[], bool]
    resources: ResourceMonitor
    pace: Callable[[], object] = lambda: None
    polled_at: float | None = None
    is_receiving: bool = True
    _failed_polls: int = 0

    @property
    def in_flight(self) -> int:
        """Messages in processing or waiting for a thread; parked ones do not count."""
        return len(self.attempt_queue)

    def step(self) -> None:
        """Receive as many messages as there is room for; one at a time when an interruption is expected."""
        places = 1 if self.interruption_expected() else self.max_documents
        room = self.local_health.places(places, in_flight=self.in_flight) - self.attempt_queue.places_taken
        if room > 0:
            # Where no file can be started, a message had better stay visible than be received in vain.
            room = self.resources.places(room, is_blocked=self.attempts.claimer.storage.sources.is_closed())
        # Messages that could not begin before a suspect file has run are better received by another worker.
        if room <= 0 or self.attempt_queue.is_closed or self._gathers(room):
            return
        # Set before the stop is checked, because the settlement reads it after a stop.
        self.settlement.poll_ends = self.shutdown.now() + self.poll_wait_s
        if self.is_receiving and not self.shutdown.is_requested:
            messages = self._receive(room)
            if messages is None:
                # The server may still hold the poll open, so its end must not be cleared.
                return
            for message in messages:
                self.attempt_queue.put(self.heartbeat.hold(message), None)
        self.settlement.poll_ends = 0.0

    def attempt_step(self) -> None:
        """Process one received message to its end; returns soon when there is none."""
        task = self.attempt_queue.take(_TICK_S)
        if task is None:
            return
        lease = task.lease
        try:
            # The lease is renewed meanwhile; at a stop the attempt ends before it begins.
            self.pace()
            with bind(message=lease.message.message_id), follow(lease.message.trace):
                ended = self.attempts.attempt(lease, task.takeover, is_isolated=task.is_isolated)
                if ended is not None:
                    if ended.code == Code.LOCAL_FAULT:
                        self.local_health.record_failure(ended.message)
                    with self.metrics.time_stage("settle"):
                        self.settlement.settle(lease, ended)
        except BaseException:
            # Without work on it the lease must not be renewed: SQS redelivers the message.
            self.heartbeat.release(lease)
            raise
        finally:
            self.attempt_queue.end(task)
            self.metrics.in_flight.set(self.in_flight)

    def resume_parked(self) -> None:
        """Resume parked messages whose file is free; on a stop requeue all of them."""
        if self.shutdown.is_requested:
            interrupted = outcome.from_error(JobInterrupted("parked"), failures=0, max_failures=1)
            for lease in self.parked.take_all():
                with bind(message=lease.message.message_id), follow(lease.message.trace):
                    self.settlement.settle(lease, interrupted)
        for lease, takeover in self.parked.take_ready():
            self.attempt_queue.put(lease, takeover)
        self.metrics.parked.set(len(self.parked))

    def requeue_rest(self) -> None:
        """Requeue what no attempt has begun and delete what is done, when the attempts ended at a stop."""
        try:
            self.resume_parked()
            while self.attempt_queue.has_waiting:
                self.attempt_step()
        finally:
            self.settlement.flush()

    def stop_receiving(self) -> None:
        """Receive no more (an interruption notice); what is held is worked off as at any stop."""
        self.is_receiving = False
        _log.info("receiving_stopped", in_flight=self.in_flight, parked=len(self.parked))

    def release(self, lease: Lease) -> bool:
        """Make the message of an attempt that did not end in time visible to other workers; whether it is."""
        # The attempt may still run, and must write nothing more.
        lease.lost = True
        self.heartbeat.release(lease)
        try:
            # The same message, so that its next attempt takes the file over at once.
            self.queue.hide(lease.message, delay_s=_ABANDONED_DELAY_S)
        except WorkerError as error:
            with follow(lease.message.trace):
                _log.warning("release_failed", message_id=lease.message.message_id, reason=str(error))
            return False
        return True

    def _gathers(self, room: int) -> bool:
        """Whether more places had better be free before the next call, while others have work.

        In a backlog of short documents each place that is free would otherwise be a call of its own. Those
        that are taken are more than the cores.
        """
        is_soon = self.polled_at is not None and self.shutdown.now() - self.polled_at < _GATHER_S
        is_enough = _GATHER_SHARE * room >= min(self.max_documents, BATCH)
        return self.attempt_queue.has_backlog and is_soon and not is_enough

    def _receive(self, room: int) -> list[ReceivedMessage] | None:
        """The received messages, None when the poll failed."""
        try:
            messages = self.queue.receive(limit=room, wait_s=self.poll_wait_s)
        except (TransientError, ServiceRefusedError) as error:
            self.metrics.queue_errors.inc()
            self._failed_polls += 1
            _log.warning("receive_failed", reason=str(error), times=self._failed_polls)
            if isinstance(error, ThrottledError):
                # Whatever else fails is reported to the monitor by the call itself.
                self.resources.on_error("queue", "ReceiveMessage", error)
            return None
        except MisconfiguredError as error:
            self.shutdown.fail(error)
            return None
        self._failed_polls = 0
        self.polled_at = self.shutdown.now()
        # A guess, because SQS may answer with fewer than there are; nothing but waiting depends on it.
        self.attempt_queue.has_backlog = len(messages) >= min(room, BATCH // 2)
        self.metrics.received.inc(len(messages))
        self.metrics.oldest_message.add(message.first_seen_ms for message in messages)
        return messages

"""Receive, attempt, settle: the only place that acknowledges messages.

A message is deleted only after the ledger row of every file it names is committed, and correctness never
depends on that delete.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import structlog

from worker import events, outcome
from worker.aws.file_table import FileTable
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.delivery.claims import AlreadyDone, Claimer, HeldByOther
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Heartbeat, Lease
from worker.delivery.parked_messages import ParkedMessages, Takeover
from worker.errors import (
    Code,
    DeadLetterError,
    JobInterrupted,
    MisconfiguredError,
    TransientError,
    WorkerError,
)
from worker.file_processor import FileProcessor
from worker.models.document import Document
from worker.models.file import FileMessage
from worker.models.ledger import Job, State
from worker.outcome import DONE, Ending, Outcome
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown

# An attempt thread notices the end of its loop within this time.
_TICK_S = 0.5
# A requeue sends and deletes: on a lease that lapses in between, the message would exist twice.
_MIN_LEASE_S = 10.0
_MAX_DELAY_S = 900.0
# Receives count interruptions and outages too; a message without a ledger row has no better counter.
_UNCOUNTED_RECEIVES = 10
_MAX_BACKOFF_S = 30.0
# With a delay: the file is held, so an immediate receive would find it held again.
_NO_PLACE = Outcome(ending=Ending.RETRY, code="parking_full", delay_s=30.0)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumerOptions:
    """How much is processed at a time, and the buckets that files may come from."""

    source_buckets: tuple[str, ...]
    max_documents: int
    max_failures: int
    poll_wait_s: int


@dataclass(kw_only=True, slots=True, eq=False)
class Consumer:
    """The messages of one worker; one thread calls each of the steps, several threads call `attempt_step`."""

    queue: QueueManager
    table: FileTable
    claimer: Claimer
    dead_letters: DeadLetters
    processor: FileProcessor
    heartbeat: Heartbeat
    parked: ParkedMessages
    shutdown: Shutdown
    metrics: Metrics
    options: ConsumerOptions
    interruption_expected: Callable[[], bool]
    requeued: int = 0
    polled_at: float | None = None
    _tasks: SimpleQueue[tuple[Lease, Takeover]] = field(default_factory=SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _in_flight: int = 0
    _poll_ends: float = 0.0
    _failed_polls: int = 0

    @property
    def in_flight(self) -> int:
        """Messages in processing or waiting for a thread; parked ones do not count."""
        return self._in_flight

    def step(self) -> None:
        """Receive as many messages as there is room for; one at a time when an interruption is expected."""
        places = 1 if self.interruption_expected() else self.options.max_documents
        room = places - self._in_flight
        if room <= 0:
            return
        # Set before the stop is checked, because `_requeue` reads it after a stop.
        self._poll_ends = self.shutdown.now() + self.options.poll_wait_s
        if not self.shutdown.is_requested:
            messages = self._receive(room)
            if messages is None:
                # The server may still hold the poll open, so its end must not be cleared.
                return
            for message in messages:
                self._enqueue(self.heartbeat.hold(message), None)
        self._poll_ends = 0.0

    def attempt_step(self) -> None:
        """Process one received message to its end; returns soon when there is none."""
        try:
            lease, takeover = self._tasks.get(timeout=_TICK_S)
        except Empty:
            return
        try:
            with bind(message=lease.message.message_id, correlation=lease.message.correlation):
                ended = self._attempt(lease, takeover)
                if ended is not None:
                    with self.metrics.time_stage("settle"):
                        self._settle(lease, ended)
        except BaseException:
            # Without work on it the lease must not be renewed: SQS redelivers the message.
            self.heartbeat.release(lease)
            raise
        finally:
            with self._lock:
                self._in_flight -= 1
            self.metrics.in_flight.set(self._in_flight)

    def resume_parked(self) -> None:
        """Resume parked messages whose file is free; on a stop requeue all of them."""
        if self.shutdown.is_requested:
            for lease in self.parked.take_all():
                self._settle(lease, outcome.from_error(JobInterrupted("parked"), failures=0, max_failures=1))
        for lease, takeover in self.parked.take_ready():
            self._enqueue(lease, takeover)
        self.metrics.parked.set(len(self.parked))

    def requeue_rest(self) -> None:
        """Requeue the messages that no attempt has begun, when the attempts have ended at a stop."""
        self.resume_parked()
        while not self._tasks.empty():
            self.attempt_step()

    def _receive(self, room: int) -> list[ReceivedMessage] | None:
        """The received messages, None when the poll failed."""
        try:
            messages = self.queue.receive(limit=room, wait_s=self.options.poll_wait_s)
        except TransientError as error:
            self.metrics.queue_errors.inc()
            self._failed_polls += 1
            _log.warning("receive_failed", reason=str(error), times=self._failed_polls)
            self.shutdown.wait(min(_MAX_BACKOFF_S, 2.0**self._failed_polls))
            return None
        except MisconfiguredError as error:
            self.shutdown.fail(error)
            return None
        self._failed_polls = 0
        self.polled_at = self.shutdown.now()
        self.metrics.received.inc(len(messages))
        return messages

    def _enqueue(self, lease: Lease, takeover: Takeover) -> None:
        with self._lock:
            self._in_flight += 1
        self._tasks.put((lease, takeover))

    def _attempt(self, lease: Lease, takeover: Takeover) -> Outcome | None:
        """The outcome of a message, None when it was parked."""
        try:
            files = events.parse(lease.message.body, source_buckets=self.options.source_buckets)
        except DeadLetterError as error:
            return outcome.from_error(error, failures=0, max_failures=1)
        for file in files:
            with bind(file=file.file_id, path=file.display_path):
                ended = self._attempt_file(lease, file, takeover, alone=len(files) == 1)
            # The redelivered message skips the files that are done: their versions are in the ledger.
            if ended is not DONE:
                return ended
        return DONE

    def _attempt_file(
        self, lease: Lease, file: FileMessage, takeover: Takeover, *, alone: bool
    ) -> Outcome | None:
        job: Job | None = None
        try:
            self._check_can_begin(lease)
            message = lease.message
            with self.metrics.time_stage("claim"):
                claimed = self.claimer.claim(
                    file, message_id=message.message_id, takeover=takeover, redo_fence=message.again
                )
            match claimed:
                case AlreadyDone():
                    _log.info("file_unchanged", state=claimed.row.state.value)
                    return DONE
                case HeldByOther():
                    return None if self.parked.park(lease, claimed.row) else _NO_PLACE
            job = claimed
            lease.claim = job.claim
            with bind(job=job.claim.attempt):
                self._report_document(self.processor.process(job, lease))
            lease.claim = None
            return DONE
        except Exception as error:  # noqa: BLE001  (attempt boundary: any error becomes an outcome)
            failures = job.failures if job else self._count_unclaimed_failures(lease, error)
            ended = outcome.from_error(error, failures=failures, max_failures=self.options.max_failures)
            _log_end(ended, error)
            if ended.ending is Ending.DEAD_LETTER:
                return self._dead_letter_file(lease, file, ended, alone=alone)
            return ended

    def _count_unclaimed_failures(self, lease: Lease, error: Exception) -> int:
        """Failures so far of a message without a claim: only unforeseen errors count, by the receives."""
        if isinstance(error, WorkerError):
            return 0
        return max(0, lease.message.receive_count - _UNCOUNTED_RECEIVES)

    def _check_can_begin(self, lease: Lease) -> None:
        if self.shutdown.is_requested:
            raise JobInterrupted("not started before the stop")
        lease.check()

    def _report_document(self, document: Document) -> None:
        self.metrics.documents_total.labels(state=document.state.value, reason=document.reason or "").inc()
        _log.info(
            "document_done",
            state=document.state.value,
            reason=document.reason,
            pages=len(document.pages),
            file_type=document.file_type.value,
        )

    def _dead_letter_file(self, lease: Lease, file: FileMessage, ended: Outcome, *, alone: bool) -> Outcome:
        """Dead-letter one file of a message and record it, so that its other files are processed."""
        try:
            self.dead_letters.send(lease, file, ended, alone=alone)
        except WorkerError as error:
            return outcome.from_error(error, failures=0, max_failures=self.options.max_failures)
        self.metrics.documents_total.labels(state=State.DEAD_LETTERED.value, reason=ended.code).inc()
        lease.claim = None
        return DONE

    def _settle(self, lease: Lease, ended: Outcome) -> None:
        """Do to the message what the outcome says; SQS redelivers one that cannot be settled."""
        # First, so that no late renewal can hide a message that was just made visible again.
        self.heartbeat.release(lease)
        self.metrics.settled.labels(ending=ended.ending.value).inc()
        try:
            match ended.ending:
                case Ending.DONE:
                    self.queue.delete([lease.message])
                case Ending.REQUEUE:
                    self._requeue(lease)
                case Ending.RETRY:
                    self._retry_later(lease, ended)
                case Ending.DEAD_LETTER:
                    self.queue.dead_letter(lease.message, code=ended.code, reason=ended.message)
                    self.queue.delete([lease.message])
                case Ending.ABANDON:
                    pass
                case Ending.STOP:
                    self.shutdown.fail(MisconfiguredError(ended.message, code=Code(ended.code)))
        except MisconfiguredError as error:
            self.shutdown.fail(error)
        except WorkerError as error:
            _log.warning("settle_failed", ending=ended.ending.value, reason=str(error))

    def _requeue(self, lease: Lease) -> None:
        """Clear the owner and replace the message by a fresh copy, whose receive count starts over."""
        if lease.claim is not None:
            self.table.release(lease.claim, interrupted=True)
        if lease.left_s < _MIN_LEASE_S:
            return
        # Our own open poll must not receive the copy: its message would be lost with this worker.
        poll_left_s = self._poll_ends - self.shutdown.now()
        delay_s = math.ceil(poll_left_s) + 2 if poll_left_s > 0 else 0
        self.queue.requeue(lease.message, delay_s=delay_s)
        with self._lock:
            self.requeued += 1

    def _retry_later(self, lease: Lease, ended: Outcome) -> None:
        if lease.claim is not None:
            if ended.counted:
                self.table.record_failure(lease.claim, code=ended.code, message=ended.message)
            else:
                self.table.release(lease.claim, interrupted=False)
        if lease.left_s > 0:
            # Every receive counts towards the queue's redrive limit, so an outage must not use them up.
            delay_s = min(_MAX_DELAY_S, ended.delay_s * max(1, lease.message.receive_count))
            self.queue.hide(lease.message, delay_s=math.ceil(delay_s))


def _log_end(ended: Outcome, error: Exception) -> None:
    """Log the end of an attempt, with the traceback of an unforeseen error."""
    if isinstance(error, WorkerError):
        _log.warning("attempt_ended", ending=ended.ending.value, code=ended.code, reason=ended.message)
    else:
        _log.exception("attempt_failed", ending=ended.ending.value, code=ended.code)

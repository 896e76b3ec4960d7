"""Receive, attempt, settle: the only place that acknowledges.

`step` receives as many messages as there are free places; `attempt_step` works one of them to an
Outcome and settles it in one `match`; `parked_step` lets parked messages go on. A message is deleted
only after the ledger row of every file it names is committed, and nothing depends on that delete.
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
from worker.delivery.claims import Claimer, Held, Unchanged
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

_TICK_S = 0.5
_LEAST_LEASE_S = 10.0
_LONGEST_DELAY_S = 900.0
_FORGIVEN_RECEIVES = 10
_LONGEST_BACKOFF_S = 30.0
_NO_PLACE = Outcome(ending=Ending.RETRY, code="parking_full", delay_s=30.0)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumerOptions:
    """How much is taken at a time, and from where files may come."""

    source_buckets: tuple[str, ...]
    max_documents: int
    max_failures: int
    poll_wait_s: int


@dataclass(kw_only=True, slots=True, eq=False)
class Consumer:
    """The messages of one worker; its steps are driven by one thread each, attempts by several."""

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
        """Messages being worked on or waiting for a thread; parked ones do not count."""
        return self._in_flight

    def step(self) -> None:
        """Receive what there is room for; a worker that may be taken away soon takes one at a time."""
        places = 1 if self.interruption_expected() else self.options.max_documents
        room = places - self._in_flight
        if room <= 0:
            return
        # The end of the poll is known before the stop is looked at: see `_requeue`.
        self._poll_ends = self.shutdown.now() + self.options.poll_wait_s
        if not self.shutdown.requested:
            messages = self._receive(room)
            if messages is None:
                # The server may still be holding the poll open: its end stays in mind.
                return
            for message in messages:
                self._begin(self.heartbeat.hold(message), None)
        self._poll_ends = 0.0

    def attempt_step(self) -> None:
        """Work one received message to its end; returns soon when there is none."""
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
            # A lease nobody works on must not be kept: the message comes back by itself.
            self.heartbeat.release(lease)
            raise
        finally:
            with self._lock:
                self._in_flight -= 1
            self.metrics.in_flight.set(self._in_flight)

    def parked_step(self) -> None:
        """Let parked messages go on whose file is free; on a stop give them all back."""
        if self.shutdown.requested:
            for lease in self.parked.take_all():
                self._settle(lease, outcome.from_error(JobInterrupted("parked"), failures=0, max_failures=1))
        for lease, takeover in self.parked.take_ready():
            self._begin(lease, takeover)
        self.metrics.parked.set(len(self.parked))

    def requeue_rest(self) -> None:
        """At a stop, when the attempts have ended: requeue what no attempt will take any more."""
        self.parked_step()
        while not self._tasks.empty():
            self.attempt_step()

    def _receive(self, room: int) -> list[ReceivedMessage] | None:
        """The messages that came, None when the poll failed."""
        try:
            messages = self.queue.receive(limit=room, wait_s=self.options.poll_wait_s)
        except TransientError as error:
            self.metrics.queue_errors.inc()
            self._failed_polls += 1
            _log.warning("receive_failed", reason=str(error), times=self._failed_polls)
            self.shutdown.wait(min(_LONGEST_BACKOFF_S, 2.0**self._failed_polls))
            return None
        except MisconfiguredError as error:
            self.shutdown.fail(error)
            return None
        self._failed_polls = 0
        self.polled_at = self.shutdown.now()
        self.metrics.received.inc(len(messages))
        return messages

    def _begin(self, lease: Lease, takeover: Takeover) -> None:
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
            if ended is not DONE:
                return ended
        return DONE

    def _attempt_file(
        self, lease: Lease, file: FileMessage, takeover: Takeover, *, alone: bool
    ) -> Outcome | None:
        job: Job | None = None
        try:
            self._may_begin(lease)
            message = lease.message
            with self.metrics.time_stage("claim"):
                claimed = self.claimer.claim(
                    file, message_id=message.message_id, takeover=takeover, again=message.again
                )
            match claimed:
                case Unchanged():
                    _log.info("file_unchanged", state=claimed.row.state.value)
                    return DONE
                case Held():
                    return None if self.parked.park(lease, claimed.row) else _NO_PLACE
            job = claimed
            lease.claim = job.claim
            with bind(job=job.claim.attempt):
                self._done(self.processor.process(job, lease))
            lease.claim = None
            return DONE
        except Exception as error:  # noqa: BLE001  (attempt boundary: whatever it was becomes an outcome)
            failures = job.failures if job else self._failures_unclaimed(lease, error)
            ended = outcome.from_error(error, failures=failures, max_failures=self.options.max_failures)
            _tell(ended, error)
            if ended.ending is Ending.DEAD_LETTER:
                return self._dead_letter_file(lease, file, ended, alone=alone)
            return ended

    def _failures_unclaimed(self, lease: Lease, error: Exception) -> int:
        """Failures so far of a message without a ledger row of its own.

        Receives count interruptions and outages too, so only what nobody foresaw is judged by them.
        """
        if isinstance(error, WorkerError):
            return 0
        return max(0, lease.message.receive_count - _FORGIVEN_RECEIVES)

    def _may_begin(self, lease: Lease) -> None:
        if self.shutdown.requested:
            raise JobInterrupted("not begun before the stop")
        lease.check()

    def _done(self, document: Document) -> None:
        self.metrics.documents_total.labels(state=document.state.value, reason=document.reason or "").inc()
        _log.info(
            "document_done",
            state=document.state.value,
            reason=document.reason,
            pages=len(document.pages),
            file_type=document.file_type.value,
        )

    def _dead_letter_file(self, lease: Lease, file: FileMessage, ended: Outcome, *, alone: bool) -> Outcome:
        """Dead-letter one file of a message and record it, so that the others can go on."""
        try:
            self.dead_letters.send(lease, file, ended, alone=alone)
        except WorkerError as error:
            return outcome.from_error(error, failures=0, max_failures=self.options.max_failures)
        self.metrics.documents_total.labels(state=State.DEAD_LETTERED.value, reason=ended.code).inc()
        lease.claim = None
        return DONE

    def _settle(self, lease: Lease, ended: Outcome) -> None:
        """Do to the message what the outcome says; one that cannot be settled comes back by itself."""
        self.heartbeat.release(lease)
        self.metrics.settled.labels(ending=ended.ending.value).inc()
        try:
            match ended.ending:
                case Ending.DONE:
                    self.queue.delete([lease.message])
                case Ending.REQUEUE:
                    self._requeue(lease)
                case Ending.RETRY:
                    self._try_later(lease, ended)
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
        """Clear the owner and replace the message by a fresh copy that our own open poll cannot take."""
        if lease.claim is not None:
            self.table.release(lease.claim, interrupted=True)
        if lease.left_s < _LEAST_LEASE_S:
            return
        poll_left_s = self._poll_ends - self.shutdown.now()
        delay_s = math.ceil(poll_left_s) + 2 if poll_left_s > 0 else 0
        self.queue.requeue(lease.message, delay_s=delay_s)
        with self._lock:
            self.requeued += 1

    def _try_later(self, lease: Lease, ended: Outcome) -> None:
        if lease.claim is not None:
            if ended.counted:
                self.table.record_failure(lease.claim, code=ended.code, message=ended.message)
            else:
                self.table.release(lease.claim, interrupted=False)
        if lease.left_s > 0:
            # Every receive counts towards the queue's own limit, so an outage must not use them up.
            delay_s = min(_LONGEST_DELAY_S, ended.delay_s * max(1, lease.message.receive_count))
            self.queue.hide(lease.message, delay_s=math.ceil(delay_s))


def _tell(ended: Outcome, error: Exception) -> None:
    """Log the end of an attempt; only what nobody foresaw is worth its traceback."""
    if isinstance(error, WorkerError):
        _log.warning("attempt_ended", ending=ended.ending.value, code=ended.code, reason=ended.message)
    else:
        _log.exception("attempt_failed", ending=ended.ending.value, code=ended.code)

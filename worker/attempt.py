"""One attempt on a message: its files in turn, each claimed, processed and recorded.

An error becomes an Outcome. The consumer hands messages in; settlement does to them what the outcome says.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from worker import events, outcome
from worker.delivery.attempt_queue import AttemptQueue
from worker.delivery.claims import (
    MAX_CRASH_STRIKES,
    AlreadyDone,
    Claimed,
    Claimer,
    HeldByOther,
    NeedsIsolation,
)
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Lease
from worker.delivery.parked_messages import ParkedMessages, Takeover
from worker.errors import Code, DeadLetterError, JobInterrupted, WorkerError
from worker.file_processor import FileProcessor
from worker.models.document import Document
from worker.models.file import FileMessage
from worker.models.ledger import Job, State
from worker.outcome import DONE, Ending, Outcome
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.process_record import ProcessRecord
from worker.runtime.shutdown import Shutdown

# Receives count interruptions and outages too; a message without a ledger row has no better counter.
_UNCOUNTED_RECEIVES = 10
# With a delay: the file is held, so an immediate receive would find it held again.
_NO_PLACE = Outcome(ending=Ending.RETRY, code="parking_full", delay_s=30.0)

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class Attempts:
    """Makes attempts on messages; has no state of its own, so several threads may call it."""

    claimer: Claimer
    dead_letters: DeadLetters
    processor: FileProcessor
    parked: ParkedMessages
    attempt_queue: AttemptQueue
    record: ProcessRecord
    shutdown: Shutdown
    metrics: Metrics
    source_buckets: tuple[str, ...]
    max_failures: int

    def attempt(self, lease: Lease, takeover: Takeover, *, is_isolated: bool = False) -> Outcome | None:
        """The outcome of a message, None when it was parked or must wait until it can be isolated."""
        needs_isolation = False
        try:
            files = events.parse(lease.message.body, source_buckets=self.source_buckets)
        except DeadLetterError as error:
            return outcome.from_error(error, failures=0, max_failures=1)
        for file in files:
            with bind(file=file.file_id, path=file.display_path):
                ended = self._attempt_file(
                    lease, file, takeover, alone=len(files) == 1, is_isolated=is_isolated
                )
            # The redelivered message skips the files that are done: their versions are in the ledger.
            if isinstance(ended, NeedsIsolation):
                needs_isolation = True
            elif ended is not DONE:
                return ended
        if needs_isolation:
            self.attempt_queue.put_suspect(lease, takeover)
            return None
        return DONE

    def _attempt_file(
        self, lease: Lease, file: FileMessage, takeover: Takeover, *, alone: bool, is_isolated: bool
    ) -> Outcome | NeedsIsolation | None:
        job: Job | None = None
        try:
            self._check_can_begin(lease)
            claimed = self._claim(lease, file, takeover, is_isolated=is_isolated)
            match claimed:
                case AlreadyDone():
                    _log.info("file_unchanged", state=claimed.row.state.value)
                    return DONE
                case HeldByOther():
                    return None if self.parked.park(lease, claimed.row) else _NO_PLACE
                case NeedsIsolation():
                    _log.info("file_needs_isolation", strikes=claimed.row.crash_strikes)
                    return claimed
            job = claimed
            lease.claim = job.claim
            with bind(job=job.claim.attempt):
                self._process(job, lease)
            lease.claim = None
            return DONE
        except Exception as error:  # noqa: BLE001  (attempt boundary: any error becomes an outcome)
            failures = job.failures if job else self._count_unclaimed_failures(lease, error)
            ended = outcome.from_error(error, failures=failures, max_failures=self.max_failures)
            _log_end(ended, error)
            if ended.ending is Ending.DEAD_LETTER:
                return self._dead_letter_file(lease, file, ended, alone=alone)
            return ended

    def _claim(self, lease: Lease, file: FileMessage, takeover: Takeover, *, is_isolated: bool) -> Claimed:
        message = lease.message
        with self.metrics.time_stage("claim"):
            return self.claimer.claim(
                file,
                message_id=message.message_id,
                takeover=takeover,
                redo_fence=message.again,
                is_isolated=is_isolated,
            )

    def _process(self, job: Job, lease: Lease) -> None:
        if job.crash_strikes >= MAX_CRASH_STRIKES:
            raise DeadLetterError(
                f"{job.message.display_path}: the worker died {job.crash_strikes} times while it processed "
                "this file alone, without any progress; see worker_crashed in docs/errors.md",
                code=Code.WORKER_CRASHED,
            )
        # The last such lines of a worker that died name what it was processing.
        _log.info("document_started", fence=job.claim.fence, is_suspect=job.is_suspect)
        with self.record.hold(job.claim):
            self._report_document(self.processor.process(job, lease))

    def _count_unclaimed_failures(self, lease: Lease, error: Exception) -> int:
        """Failures so far of a message without a claim: only unforeseen errors count, by the receives."""
        if isinstance(error, WorkerError):
            return 0
        return max(0, lease.message.receives - _UNCOUNTED_RECEIVES)

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
            return outcome.from_error(error, failures=0, max_failures=self.max_failures)
        self.metrics.documents_total.labels(state=State.DEAD_LETTERED.value, reason=ended.code).inc()
        lease.claim = None
        return DONE


def _log_end(ended: Outcome, error: Exception) -> None:
    """Log the end of an attempt, with the traceback of an unforeseen error."""
    if isinstance(error, WorkerError):
        _log.warning("attempt_ended", ending=ended.ending.value, code=ended.code, reason=ended.message)
    else:
        _log.exception("attempt_failed", ending=ended.ending.value, code=ended.code)

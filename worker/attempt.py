"""One attempt on a message: its files in turn, each claimed, processed and recorded.

An error becomes an Outcome. The consumer hands messages in; settlement does to them what the outcome says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from worker import events, outcome
from worker.aws.ledger_row import FileRow
from worker.delivery.attempt_queue import AttemptQueue
from worker.delivery.claims import (
    MAX_CRASH_STRIKES,
    AlreadyDone,
    Claimed,
    Claimer,
    FolderMarker,
    HeldByOther,
    NeedsIsolation,
)
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Lease
from worker.delivery.message_bodies import MessageBodies
from worker.delivery.parked_messages import ParkedMessages, Takeover
from worker.document.document_report import cost_fields, report_document
from worker.errors import (
    Code,
    DeadLetterError,
    JobInterrupted,
    LeaseLostError,
    SourceRefusedError,
    WorkerError,
)
from worker.events import ParsedBody, RejectedRecord
from worker.file_processor import FileProcessor
from worker.fleet.recent_work import RecentWork
from worker.models.file import FileMessage
from worker.models.ledger import Job, State
from worker.outcome import DONE, Ending, Outcome
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.process_record import ProcessRecord
from worker.runtime.shutdown import Shutdown
from worker.runtime.tally import current

# Receives count interruptions and outages too; a message without a ledger row has no better counter.
_UNCOUNTED_RECEIVES = 10
# With a delay: the file is held, so an immediate receive would find it held again.
# A bucket that refuses its files this long will not be readable while their messages last.
_LONGEST_REFUSAL_S = 7 * 24 * 3600.0
_NO_PLACE = Outcome(ending=Ending.RETRY, code="parking_full", delay_s=30.0)

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class Attempts:
    """Makes attempts on messages; has no state of its own, so several threads may call it."""

    bodies: MessageBodies
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
    recent_work: RecentWork = field(default_factory=RecentWork)

    def attempt(self, lease: Lease, takeover: Takeover, *, is_isolated: bool = False) -> Outcome | None:
        """The outcome of a message, None when it was parked or must wait until it can be isolated."""
        try:
            body = self.bodies.resolve(lease.message.body)
            parsed = events.parse(body, source_buckets=self.source_buckets)
        except Exception as error:  # noqa: BLE001  (attempt boundary: any error becomes an outcome)
            unreadable = outcome.from_error(
                error, failures=_counted_receives(lease), max_failures=self.max_failures
            )
            _log_end(unreadable, error)
            return unreadable
        ended = self._attempt_files(lease, parsed, takeover, is_isolated=is_isolated)
        if ended is not DONE:
            return ended
        # Last, so that no other attempt on the message dead-letters the same records again.
        ended = self._dead_letter_rejected(lease, parsed.rejected)
        if ended is DONE:
            for kind in parsed.ignored:
                self.metrics.events_ignored.labels(kind=kind).inc()
        return ended

    def _attempt_files(
        self, lease: Lease, parsed: ParsedBody, takeover: Takeover, *, is_isolated: bool
    ) -> Outcome | None:
        """The outcome of the files of a message; one that must wait does not keep the others waiting."""
        alone = len(parsed.files) == 1 and not parsed.ignored and not parsed.rejected
        waiting: list[Outcome] = []
        held: FileRow | None = None
        needs_isolation = False
        message = lease.message
        for each in parsed.files:
            file = replace(each, rerun=message.rerun or each.rerun, first_seen_ms=message.first_seen_ms)
            with bind(file=file.file_id, path=file.display_path), self.metrics.measure_attempt():
                ended = self._attempt_file(lease, file, takeover, alone=alone, is_isolated=is_isolated)
            # The redelivered message skips the files that are done: their versions are in the ledger.
            if isinstance(ended, HeldByOther):
                held = held or ended.row
            elif isinstance(ended, NeedsIsolation):
                needs_isolation = True
            elif ended.ending is Ending.RETRY and len(parsed.files) > 1:
                waiting.append(self._set_aside(lease, ended))
            elif ended is not DONE:
                return ended
        if waiting:
            return min(waiting, key=lambda each: each.delay_s)
        if needs_isolation:
            self.attempt_queue.put_suspect(lease, takeover)
            return None
        if held is not None:
            return None if self.parked.park(lease, held) else _NO_PLACE
        return DONE

    def _set_aside(self, lease: Lease, ended: Outcome) -> Outcome:
        """Record a failure here where a message has more files: its lease names one claim only."""
        claim, lease.claim = lease.claim, None
        if claim is None:
            return ended
        try:
            if ended.counted:
                self.claimer.table.record_failure(claim, code=ended.code, message=ended.message)
            else:
                self.claimer.table.release(claim, interrupted=False)
        except WorkerError as error:
            # The message redelivers, and takes over its own claim.
            _log.warning("release_failed", code=error.code, reason=str(error))
        self.parked.wake(claim.file_id)
        return ended

    def _dead_letter_rejected(self, lease: Lease, rejected: Sequence[RejectedRecord]) -> Outcome:
        for record in rejected:
            _log.warning("record_rejected", code=record.code, reason=record.reason)
            try:
                self.dead_letters.send_record(lease, record)
            except WorkerError as error:
                return outcome.from_error(error, failures=0, max_failures=self.max_failures)
            self.metrics.records_rejected.labels(code=record.code).inc()
        return DONE

    def _attempt_file(
        self, lease: Lease, file: FileMessage, takeover: Takeover, *, alone: bool, is_isolated: bool
    ) -> Outcome | HeldByOther | NeedsIsolation:
        """The outcome of one file, or what keeps it waiting."""
        job: Job | None = None
        try:
            self._check_can_begin(lease)
            claimed = self._claim(lease, file, takeover, is_isolated=is_isolated)
            match claimed:
                case AlreadyDone():
                    _log.info("file_unchanged", state=claimed.row.state.value, **cost_fields(current()))
                    return DONE
                case FolderMarker():
                    self.metrics.events_ignored.labels(kind="folder_marker").inc()
                    return DONE
                case HeldByOther():
                    return claimed
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
            ended = self._end(lease, file, error, job)
            if ended.ending is Ending.DEAD_LETTER:
                return self._dead_letter_file(lease, _describe(file, job), ended, alone=alone)
            return ended
        finally:
            if job is not None and job.opened is not None:
                job.opened.close()
            # A claim that is left is released by the settlement.
            if job is not None and lease.claim is None:
                self.parked.wake(file.file_id)

    def _end(self, lease: Lease, file: FileMessage, error: Exception, job: Job | None) -> Outcome:
        """The outcome of an attempt that an error ended."""
        if isinstance(error, SourceRefusedError):
            if not error.counts_as_failure and lease.message.age_s > _LONGEST_REFUSAL_S:
                error = DeadLetterError(f"For more than 7 days: {error}", code=error.code)
            elif error.counts_as_failure and job is None:
                try:
                    # The refusals of a file are counted in its row, whichever workers meet them.
                    job = self.claimer.claim_refused(file, message_id=lease.message.message_id)
                    lease.claim = job.claim if job else None
                except WorkerError as failed:
                    error = failed
        if isinstance(error, LeaseLostError) and error.refused_by:
            self.metrics.fences_refused.labels(store=error.refused_by).inc()
        failures = job.failures if job else self._count_unclaimed_failures(lease, error)
        ended = outcome.from_error(error, failures=failures, max_failures=self.max_failures)
        _log_end(ended, error)
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
        with self.record.hold(job.claim):
            # The last such lines of a worker that died name what it was processing.
            _log.info(
                "document_started",
                fence=job.claim.fence,
                is_suspect=job.is_suspect,
                receives=lease.message.receives,
                interruptions=lease.message.interruptions,
            )
            document = self.processor.process(job, lease)
            report_document(self.metrics, document, job.message, lease)
            if document.state is not State.TOMBSTONED:
                self.recent_work.add_document(len(document.pages))

    def _count_unclaimed_failures(self, lease: Lease, error: Exception) -> int:
        """Failures so far of a message without a claim: only unforeseen errors count, by the receives."""
        if isinstance(error, WorkerError):
            return 0
        return _counted_receives(lease)

    def _check_can_begin(self, lease: Lease) -> None:
        if self.shutdown.is_requested:
            raise JobInterrupted("not started before the stop")
        lease.check()

    def _dead_letter_file(self, lease: Lease, file: FileMessage, ended: Outcome, *, alone: bool) -> Outcome:
        """Dead-letter one file of a message and record it, so that its other files are processed."""
        try:
            self.dead_letters.send(lease, file, ended, alone=alone)
        except WorkerError as error:
            return outcome.from_error(error, failures=0, max_failures=self.max_failures)
        self.metrics.documents_total.labels(state=State.DEAD_LETTERED.value, reason=ended.code).inc()
        lease.claim = None
        return DONE


def _counted_receives(lease: Lease) -> int:
    return max(0, lease.message.receives - _UNCOUNTED_RECEIVES)


def _describe(file: FileMessage, job: Job | None) -> FileMessage:
    """The file with what its object says of it, where that was read."""
    if job is None or job.version is None:
        return file
    return replace(
        file,
        original_path=file.original_path or job.version.original_path,
        size_bytes=job.version.size_bytes,
    )


def _log_end(ended: Outcome, error: Exception) -> None:
    """Log the end of an attempt, with the traceback of an unforeseen error."""
    if isinstance(error, WorkerError):
        cost = cost_fields(current())
        _log.warning(
            "attempt_ended", ending=ended.ending.value, code=ended.code, reason=ended.message, **cost
        )
    else:
        _log.exception("attempt_failed", ending=ended.ending.value, code=ended.code)

"""What is done to dead letters: sent to the work queue again, or deleted for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.row_reset import RowReset
from worker.delivery.claims import is_held
from worker.errors import WorkerError
from worker.maintenance.dead_letters.dead_letter import DeadLetter
from worker.maintenance.dead_letters.walk import DeadLetterFilter, DeadLetterWalk
from worker.maintenance.pace import Pace
from worker.maintenance.progress import ProgressMeter

_FAILURES_IN_A_ROW = 3

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class Redriven:
    """What was done. `matched` is by code; `unreadable` were left because no worker could read them.

    `failed` stay on the queue, `undeleted` too, although they were sent. `error` is the last error.
    """

    matched: Counter[str] = field(default_factory=Counter)
    done: int = 0
    failed: int = 0
    unreadable: int = 0
    undeleted: int = 0
    error: str = ""
    is_stopped: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all that was meant is done."""
        return not (self.failed or self.undeleted or self.is_stopped)


@dataclass(kw_only=True, slots=True, eq=False)
class DeadLetterCommand:
    """Acts on the messages of a walk that a filter wants, `limit` of them at most.

    `on_message` is called for each of them, `now_ms` is the wall clock.
    """

    walk: DeadLetterWalk
    wanted: DeadLetterFilter
    pace: Pace
    meter: ProgressMeter
    now_ms: Callable[[], float]
    limit: int | None = None
    on_message: Callable[[DeadLetter], None] = lambda _: None
    result: Redriven = field(default_factory=Redriven)

    def list(self) -> Redriven:
        """Only count them."""
        return self._run(lambda _: None)

    def redrive(self, queue: QueueManager, rows: RowReset) -> Redriven:
        """Send them to the work queue, with their counts reset, and then delete them.

        The order of events does not matter: the worker that receives one looks at the object itself.
        """
        # What no version of the worker could read is redriven only when it is named.
        is_named = bool(self.wanted.names or self.wanted.files.reasons)

        def act(letter: DeadLetter) -> None:
            if letter.problem and not letter.files and not is_named:
                self.result.unreadable += 1
                return
            for file, row in zip(letter.files, letter.rows, strict=True):
                # A batch of rows may be answered in part.
                self._reset(rows, row or self.walk.table.read(file.file_id), letter)
            # Sent first: a message that is there twice does no harm, one that is lost does.
            queue.redrive(letter.message)
            self._delete(letter)

        return self._run(act)

    def purge(self, confirmed: frozenset[str] | None = None) -> Redriven:
        """Delete them; with `confirmed` only messages of these ids. Rows of the ledger stay as they are."""

        def act(letter: DeadLetter) -> None:
            if confirmed is None or letter.message_id in confirmed:
                self._delete(letter)

        return self._run(act)

    def _run(self, act: Callable[[DeadLetter], None]) -> Redriven:
        failures_in_a_row = 0
        for letter in self.walk.messages():
            if self.wanted.wants(letter, now_ms=self.now_ms()):
                if not self.pace.take():
                    break
                self.result.matched[letter.code] += 1
                self.on_message(letter)
                try:
                    act(letter)
                    failures_in_a_row = 0
                except WorkerError as error:
                    self._fail(letter, error)
                    failures_in_a_row += 1
                    if failures_in_a_row >= _FAILURES_IN_A_ROW:
                        raise
            self.meter.advance()
            if self.limit is not None and self.result.matched.total() >= self.limit:
                break
        self.result.is_stopped = self.walk.wait(0)
        self.meter.finish()
        return self.result

    def _reset(self, rows: RowReset, row: FileRow | None, letter: DeadLetter) -> None:
        if row is None or (row.is_finished and not (row.failures or row.crash_strikes)):
            return
        rows.reset(row, is_free=not is_held(row, letter.original_id))

    def _delete(self, letter: DeadLetter) -> None:
        if self.walk.delete([letter.message]):
            self.result.undeleted += 1
        else:
            self.result.done += 1

    def _fail(self, letter: DeadLetter, error: WorkerError) -> None:
        self.result.failed += 1
        self.result.error = str(error)
        _log.warning("dead_letter_left", message_id=letter.message_id, code=error.code, reason=str(error))

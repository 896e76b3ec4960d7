"""PendingDeletes: finished messages, held and renewed until a batch of them is deleted with one call.

Nothing depends on a delete: the ledger's row is committed, and recognises a message that comes again. So a
worker that is killed meanwhile, or a lease that lapses, costs one more receive and no work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from worker.aws.queue_manager import QueueManager
from worker.delivery.heartbeat import Heartbeat, Lease
from worker.errors import MisconfiguredError, ServiceRefusedError, WorkerError
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.runtime.trace import follow

BATCH = 10
LONGEST_WAIT_S = 1.0
"""A batch that is not full is deleted after this time: what is done must not look like a backlog."""
# 1, 2, 4, 8, 16 s and three times 30 s: some two minutes, the time of a lease.
_TRIES = 9
_LONGEST_PAUSE_S = 30.0
# While only deletes fail, each finished message costs renewals, and its body memory.
_MOST_HELD = 200
_STOP_TRIES = 3
_STOP_PAUSE_S = 0.5
# An idle loop sees the end of its worker within this time; a message wakes it at once.
_IDLE_S = 2.0

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class _Pending:
    lease: Lease
    # A failed entry waits until then before it is in a batch again.
    ready_at: float
    due_at: float
    tries: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class PendingDeletes:
    """Deletes are added by several threads; one thread calls `step`, and at a stop another one `flush`.

    `report` hears of each message that is left to SQS, with the reason.
    """

    queue: QueueManager
    heartbeat: Heartbeat
    shutdown: Shutdown
    metrics: Metrics
    report: Callable[[Lease, str], None]
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: list[_Pending] = field(default_factory=list)
    _sending: list[_Pending] = field(default_factory=list)
    _is_closed: bool = False

    def __len__(self) -> int:
        """Messages that are not deleted yet."""
        with self._changed:
            return len(self._waiting) + len(self._sending)

    @property
    def is_closed(self) -> bool:
        """Whether `flush` has begun, so that the loop has nothing to do any more."""
        return self._is_closed

    def add(self, lease: Lease) -> None:
        """Hold a finished message until its batch is deleted; once `flush` has begun delete it now."""
        now = self.shutdown.now()
        pending = _Pending(lease=lease, ready_at=now, due_at=now + LONGEST_WAIT_S)
        with self._changed:
            is_late = self._is_closed
            if not is_late:
                self.heartbeat.keep(lease)
                self._waiting.append(pending)
                self._show()
                # The first wakes the loop, which then knows how long to wait; the tenth completes a batch.
                if len(self._waiting) == 1 or len(self._waiting) >= BATCH:
                    self._changed.notify_all()
        if is_late:
            for left in self._delete([pending]):
                self._leave(left, "it was not deleted")

    def step(self) -> None:
        """Delete a batch that is full, or whose first message has waited long enough; wait for it before."""
        with self._changed:
            if self._is_closed:
                return
            now = self.shutdown.now()
            if not self._is_due(now):
                self._changed.wait(self._wait_s(now))
                now = self.shutdown.now()
            batch = self._take(now) if self._is_due(now) else []
        if batch:
            self._delete_taken(batch)

    def flush(self) -> None:
        """Delete all that is held, at the end of a stop: three tries, then the rest is left to SQS."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        try:
            for number in range(_STOP_TRIES):
                left = self._take_all(pause_s=_STOP_PAUSE_S if number else 0.0)
                for start in range(0, len(left), BATCH):
                    self._delete_taken(left[start : start + BATCH], is_counted=False)
        finally:
            # Whatever happened: a stop says what it left behind.
            self._take_all()
            with self._changed:
                # With what is in a call of the loop that has not been answered yet.
                left, self._sending = self._sending, []
                self._show()
            for pending in left:
                self._leave(pending, "it could not be deleted before the end")

    def _take_all(self, pause_s: float = 0.0) -> list[_Pending]:
        """All that waits, and what the loop had taken and could not delete."""
        with self._changed:
            stop = self.shutdown.stop
            left_s = max(0.0, stop.flush_by - self.shutdown.now()) if stop else 0.0
            self._changed.wait_for(lambda: not self._sending, left_s)
            if self._waiting and pause_s:
                self._changed.wait(pause_s)
            taken, self._waiting = self._waiting, []
            self._sending += taken
            return taken

    def _is_due(self, now: float) -> bool:
        ready = [pending for pending in self._waiting if pending.ready_at <= now]
        return len(ready) >= BATCH or any(
            self.shutdown.is_requested or pending.due_at <= now for pending in ready
        )

    def _wait_s(self, now: float) -> float:
        next_s = min(
            (max(pending.due_at, pending.ready_at) - now for pending in self._waiting), default=_IDLE_S
        )
        return min(_IDLE_S, max(0.0, next_s))

    def _take(self, now: float) -> list[_Pending]:
        batch = [pending for pending in self._waiting if pending.ready_at <= now][:BATCH]
        self._waiting = [pending for pending in self._waiting if pending not in batch]
        self._sending += batch
        return batch

    def _delete_taken(self, batch: Sequence[_Pending], *, is_counted: bool = True) -> None:
        left: Sequence[_Pending] = batch
        try:
            left = self._delete(batch)
        finally:
            # An error that nobody foresaw takes no message out of here, either.
            given_up = self._put_back(batch, left, is_counted=is_counted)
        for pending in given_up:
            self._leave(pending, f"{pending.tries} tries have failed; its lease lapses")

    def _put_back(
        self, batch: Sequence[_Pending], left: Sequence[_Pending], *, is_counted: bool
    ) -> list[_Pending]:
        """Hold what was not deleted for its next try; what has had its tries is returned."""
        now = self.shutdown.now()
        given_up: list[_Pending] = []
        with self._changed:
            # What `flush` has left to SQS meanwhile is reported.
            left = [pending for pending in left if pending in self._sending]
            self._sending = [pending for pending in self._sending if pending not in batch]
            for pending in left:
                pending.tries += is_counted
                pending.ready_at = pending.due_at = now + min(_LONGEST_PAUSE_S, 2.0 ** (pending.tries - 1))
                self.heartbeat.keep(pending.lease)
                self._waiting.append(pending)
            # At a stop it is `flush` that gives up.
            if not self.shutdown.is_requested:
                given_up = self._give_up()
            self._show()
            self._changed.notify_all()
        return given_up

    def _give_up(self) -> list[_Pending]:
        """Remove what has had its tries or lost its lease, and what is too much, the most tried first."""
        self._waiting.sort(key=lambda pending: -pending.tries)
        excess = len(self._waiting) - _MOST_HELD
        given_up = [
            pending
            for number, pending in enumerate(self._waiting)
            if number < excess or pending.tries >= _TRIES or (pending.tries and pending.lease.left_s <= 0)
        ]
        self._waiting = [pending for pending in self._waiting if pending not in given_up]
        return given_up

    def _delete(self, batch: Sequence[_Pending]) -> list[_Pending]:
        """Delete a batch with one call; those of it that another call may delete."""
        for pending in batch:
            # A renewal after the delete would look like a lost lease.
            self.heartbeat.release(pending.lease)
        by_message = {id(pending.lease.message): pending for pending in batch}
        try:
            undeleted = self.queue.delete_once([pending.lease.message for pending in batch])
        except WorkerError as error:
            _log.warning("delete_failed", messages=len(batch), code=error.code, reason=str(error))
            # Whether a refusal lasts is known to the monitor of these calls.
            if isinstance(error, MisconfiguredError) and not isinstance(error, ServiceRefusedError):
                self.shutdown.fail(error)
            return list(batch)
        for message in undeleted.refused:
            # Not its own receipt any more: who has the later one finds the row, and deletes it.
            self._leave(by_message[id(message)], "its receipt was refused")
        return [by_message[id(message)] for message in undeleted.failed]

    def _leave(self, pending: _Pending, reason: str) -> None:
        """Leave a message to SQS, which delivers it once more."""
        self.heartbeat.release(pending.lease)
        with follow(pending.lease.message.trace):
            self.report(pending.lease, reason)

    def _show(self) -> None:
        self.metrics.deletes_pending.set(len(self._waiting) + len(self._sending))

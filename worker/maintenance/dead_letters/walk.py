"""DeadLetterWalk: every message of the dead-letter queue once, and none of them lost.

The queue can only be read by receiving, which hides a message. What was received stays hidden while the walk
goes on, or it would be received again; at the end what was not deleted is made visible. After a kill it
becomes visible by itself, when its lease lapses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import structlog

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueDepth, QueueManager, ReceivedMessage
from worker.delivery.message_bodies import MessageBodies
from worker.errors import WorkerError
from worker.maintenance.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.maintenance.file_filter import FileFilter

_BATCH = 10
# A receive, and the call that makes ten messages visible again, take some hundredths of a second.
_SECONDS_A_MESSAGE = 0.03
_SHORTEST_HOLD_S = 120
_LONGEST_HOLD_S = 3_600
# A long poll asks all servers of SQS: one empty answer is nearly a proof, two are enough.
_EMPTY_RECEIVES = 2
_FAILED_RECEIVES = 3
_REPEATED_RECEIVES = 5
_ROWS_A_READ = 100

_log = structlog.get_logger(__name__)


def hold_s(depth: QueueDepth) -> int:
    """How long a walk over so many messages hides each of them, before it renews that."""
    return int(min(_LONGEST_HOLD_S, max(_SHORTEST_HOLD_S, 2 * _SECONDS_A_MESSAGE * depth.visible)))


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterFilter:
    """Which messages a command is about. Ages are from the time a message was sent to the queue.

    That of a message that SQS moved is when it was first sent. With `names` only these messages are meant,
    by their ids or the names of their files.
    """

    files: FileFilter = field(default_factory=FileFilter)
    older_than_s: float | None = None
    newer_than_s: float | None = None
    names: tuple[str, ...] = ()

    def wants(self, letter: DeadLetter, *, now_ms: float) -> bool:
        """Whether a message meets all conditions."""
        age_s = (now_ms - letter.message.sent_at_ms) / 1000
        if self.older_than_s is not None and age_s < self.older_than_s:
            return False
        if self.newer_than_s is not None and age_s > self.newer_than_s:
            return False
        if self.names and not any(letter.is_called(name) for name in self.names):
            return False
        return self.files.has_reason(letter.codes) and self._has_name(letter)

    def _has_name(self, letter: DeadLetter) -> bool:
        if not (self.files.prefix or self.files.types):
            return True
        rows = letter.rows or (None,) * len(letter.files)
        return any(
            self.files.has_name(
                file.bucket,
                file.key,
                path=file.display_path,
                file_type=row.file_type if row else None,
            )
            for file, row in zip(letter.files, rows, strict=True)
        )


@dataclass(kw_only=True, slots=True, eq=False)
class DeadLetterWalk:
    """One walk, as a context manager. `queue` receives from the dead-letter queue and hides for `hold_s`.

    `seen` counts its messages, without those that arrived after it began: what is redriven may come back at
    once. `ledger_error` says why rows could not be read. `wait` returns True when a
    stop is requested. `poll_wait_s` is how long a receive waits for a first message.
    """

    queue: QueueManager
    bodies: MessageBodies
    table: FileTable
    wait: Callable[[float], bool]
    clock: Callable[[], float]
    hold_s: int = _SHORTEST_HOLD_S
    poll_wait_s: int = 1
    seen: int = 0
    unreleased: int = 0
    ledger_error: str = ""
    _held: dict[str, ReceivedMessage] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _renew_at: float = 0.0
    _began_ms: int = 0

    def __enter__(self) -> Self:
        """Begin."""
        self._renew_at = self.clock() + self.hold_s / 2
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make visible again what was not deleted; who interrupts twice does not wait for that."""
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            self.release()

    def messages(self) -> Iterator[DeadLetter]:
        """The messages one by one, until none is left or a stop is requested."""
        calls: Counter[str] = Counter()
        while calls["empty"] < _EMPTY_RECEIVES and not self.wait(0):
            received = self._receive(calls)
            fresh = [message for message in received if self._is_new(message) and not self._is_late(message)]
            if received and not fresh:
                calls["repeated"] += 1
                # Messages whose lease lapsed come again, and others arrive: the rest came before them.
                if calls["repeated"] > max(_REPEATED_RECEIVES, self.seen // _BATCH):
                    return
                continue
            for letter in self._read(fresh):
                self.seen += 1
                yield letter
                self.renew()

    def delete(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages of this walk; returns those that could not be."""
        # A handle may have been replaced since: SQS takes the last one only.
        current = [self._held.get(message.message_id, message) for message in messages]
        left = self.queue.delete(current)
        for message in current:
            if message not in left:
                self._deleted.add(message.message_id)
                self._held.pop(message.message_id, None)
        return left

    def renew(self) -> None:
        """Hide for longer what is hidden, where half of that time is over."""
        if self.clock() < self._renew_at:
            return
        self._renew_at = self.clock() + self.hold_s / 2
        self.queue.extend(list(self._held.values()), visibility_s=self.hold_s)

    def release(self) -> None:
        """Make visible what is hidden. Raises nothing: what fails becomes visible by itself."""
        held, self._held = list(self._held.values()), {}
        extension = self.queue.extend(held, visibility_s=0)
        self.unreleased += len(held) - len(extension.landed | extension.lost)

    def _receive(self, calls: Counter[str]) -> list[ReceivedMessage]:
        try:
            received = self.queue.receive(limit=_BATCH, wait_s=self.poll_wait_s)
        except WorkerError:
            # The answer may have been lost, and its messages be hidden: they come back when that lapses.
            calls["failed"] += 1
            if calls["failed"] >= _FAILED_RECEIVES:
                raise
            return []
        calls["failed"] = 0
        calls["empty"] = 0 if received else calls["empty"] + 1
        return received

    def _is_new(self, message: ReceivedMessage) -> bool:
        known = message.message_id in self._held
        if message.message_id in self._deleted:
            # Its delete was lost, or it was delivered once more.
            self.queue.delete([message])
            return False
        # The body is not kept: ten thousand of them may be ten gigabytes.
        self._held[message.message_id] = replace(message, body="", cis={})
        return not known

    def _is_late(self, message: ReceivedMessage) -> bool:
        """Whether a message was sent after the walk began, by SQS's clock, which answers in whole seconds."""
        self._began_ms = self._began_ms or message.answered_at_ms
        return bool(self._began_ms) and message.sent_at_ms > self._began_ms + 1_000

    def _read(self, messages: Sequence[ReceivedMessage]) -> Iterator[DeadLetter]:
        letters = [self._read_one(message) for message in messages]
        ids = sorted({file.file_id for letter in letters for file in letter.files})
        rows = self._rows(ids)
        for letter in letters:
            yield replace(letter, rows=tuple(rows.get(file.file_id) for file in letter.files))

    def _read_one(self, message: ReceivedMessage) -> DeadLetter:
        try:
            return read_dead_letter(message, self.bodies)
        except WorkerError as error:
            return DeadLetter(message=message, problem=str(error))

    def _rows(self, ids: Sequence[str]) -> dict[str, FileRow]:
        rows: dict[str, FileRow] = {}
        try:
            for start in range(0, len(ids), _ROWS_A_READ):
                rows |= self.table.read_many(ids[start : start + _ROWS_A_READ])
        except WorkerError as error:
            # The messages themselves can still be listed.
            self.ledger_error = str(error)
        return rows

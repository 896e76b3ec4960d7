"""DeadLetter: one message of the dead-letter queue, and what the ledger knows of its files."""

from __future__ import annotations

from dataclasses import dataclass

from worker import events
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import ReceivedMessage
from worker.delivery.message_bodies import MessageBodies
from worker.errors import DeadLetterError
from worker.maintenance.file_filter import MOVED_BY_SQS
from worker.models.file import FileMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A message as received. `rows` has the ledger's row for each of `files`, None where there is none.

    `problem` says why the body cannot be read, where it cannot; with `problem_code` nothing of it can.
    """

    message: ReceivedMessage
    files: tuple[FileMessage, ...] = ()
    rows: tuple[FileRow | None, ...] = ()
    problem: str = ""
    problem_code: str = ""

    @property
    def message_id(self) -> str:
        """Its id on the dead-letter queue."""
        return self.message.message_id

    @property
    def is_moved(self) -> bool:
        """Whether no worker gave the message up: SQS moved it itself, or another program sent it."""
        return not self._text("code")

    @property
    def code(self) -> str:
        """The code of the reason."""
        # What no worker can read did not kill one: the advice is that for unreadable messages.
        return self._text("code") or self.problem_code or MOVED_BY_SQS

    @property
    def reason(self) -> str:
        """The reason in words; of a message that SQS moved, the last one that the ledger knows."""
        if not self.is_moved:
            return self._text("reason")
        last = next((row for row in self.rows if row is not None and row.reason), None)
        return f"last failure: {last.reason}: {last.reason_message}" if last is not None else self.problem

    @property
    def codes(self) -> frozenset[str]:
        """The codes that a filter finds it by: its own, or the last failures of what SQS moved."""
        last = {row.reason for row in self.rows if row is not None and row.reason} if self.is_moved else set()
        return frozenset({self.code, *last})

    @property
    def stage(self) -> str:
        """The stage of the last failure; empty where none is known."""
        return self._text("stage")

    @property
    def original_id(self) -> str:
        """The id of the message on the work queue: SQS keeps it when it moves a message."""
        return self.message_id if self.is_moved else self._text("message_id")

    @property
    def receives(self) -> int:
        """How often its original was received."""
        count = self.message.cis.get("receive_count")
        return count if isinstance(count, int) and not self.is_moved else self.message.receives

    def is_called(self, name: str) -> bool:
        """Whether this is the message's id (or the beginning of it), or the name of one of its files."""
        if len(name) >= _SHORT_ID_CHARS and self.message_id.startswith(name):
            return True
        return any(name in _names(file) for file in self.files)

    def _text(self, name: str) -> str:
        value = self.message.cis.get(name)
        return value if isinstance(value, str) else ""


_SHORT_ID_CHARS = 8


def short_id(message_id: str) -> str:
    """The beginning of a message id, long enough to name it to the commands."""
    return message_id[:_SHORT_ID_CHARS]


def read_dead_letter(message: ReceivedMessage, bodies: MessageBodies) -> DeadLetter:
    """What a message says. Raises the errors of StorageHandler where its body cannot be fetched."""
    try:
        parsed = events.parse(bodies.resolve(message.body))
    except DeadLetterError as error:
        return DeadLetter(message=message, problem=str(error), problem_code=error.code)
    problem = "; ".join(record.reason for record in parsed.rejected)
    return DeadLetter(message=message, files=parsed.files, problem=problem)


def _names(file: FileMessage) -> tuple[str, ...]:
    return (
        file.key,
        f"{file.bucket}/{file.key}",
        f"s3://{file.bucket}/{file.key}",
        file.display_path,
        file.file_id,
    )

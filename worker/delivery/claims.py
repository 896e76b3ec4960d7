"""Who may write a file's result: the look at the object, and the claim on its ledger row."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.storage_handler import StorageHandler
from worker.errors import Code, LeaseLostError, ObjectGoneError
from worker.models.file import FileMessage, ObjectVersion
from worker.models.ledger import Claim, Job, State

_OF_THIS_MACHINE = frozenset(
    {
        Code.NEEDS_LIBREOFFICE,
        Code.TOO_LARGE,
        Code.TOO_MANY_PIXELS,
        Code.TOO_MANY_PAGES,
        Code.ENCRYPTED,
        Code.BOMB,
        Code.CRASHED,
        Code.INVALID_CHILD_MESSAGE,
        Code.MEMORY,
        Code.TIMEOUT,
        Code.OCR_FAILED,
        Code.PAGES_FAILED,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unchanged:
    """The ledger says that this version is done; there is nothing to do."""

    row: FileRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Another attempt is on the file."""

    row: FileRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimer:
    """Looks at objects and takes the right to write their results."""

    storage: StorageHandler
    table: FileTable

    def claim(
        self,
        message: FileMessage,
        *,
        message_id: str,
        takeover: tuple[int, int] | None = None,
        again: int | None = None,
    ) -> Job | Held | Unchanged:
        """Claim the file a message names, unless it is done or another attempt is on it.

        A file that another attempt holds is left to it, unless that attempt came from this same
        message (the queue gave it to us, so that lease lapsed) or `takeover` names the fence and
        beat at which it was seen standing still. A finished file is claimed once more where `again`
        is the fence it was finished on: for copies of such a message it is not any more.
        """
        row = self.table.read(message.file_id)
        if row is not None and _was_dead_lettered(row, message_id):
            return Unchanged(row=row)
        version = look(self.storage, message)
        if row is not None and again != row.fence and _is_done(row, version, message_id):
            return Unchanged(row=row)
        if row is not None and is_held(row, message_id) and takeover != (row.fence, row.beat):
            return Held(row=row)
        try:
            claimed = self.table.claim(
                message,
                message_id=message_id,
                version=version.version if version else None,
                seen=row,
                attempt=uuid.uuid4().hex,
            )
        except LeaseLostError:
            now = self.table.read(message.file_id)
            if now is None:
                raise
            return Held(row=now)
        return Job(
            message=message,
            claim=_claim(claimed, message_id),
            version=version,
            checkpoint=claimed.checkpoint,
            failures=claimed.failures,
        )


def look(storage: StorageHandler, message: FileMessage) -> ObjectVersion | None:
    """What the bucket holds under the message's key right now, None when it is gone."""
    try:
        return storage.head(message.bucket, message.key)
    except ObjectGoneError:
        return None


def is_held(row: FileRow, message_id: str) -> bool:
    """Whether an attempt that came from another message is on the file."""
    return not row.finished and row.owner is not None and row.message_id != message_id


def _claim(row: FileRow, message_id: str) -> Claim:
    return Claim(file_id=row.file_id, fence=row.fence, attempt=row.attempt or "", message_id=message_id)


def _is_done(row: FileRow, version: ObjectVersion | None, message_id: str) -> bool:
    if not row.finished:
        return False
    if version is None:
        return row.state is State.TOMBSTONED
    if row.version != version.version or row.state in (State.TOMBSTONED, State.DEAD_LETTERED):
        return False
    # A limit may have been raised since, a password added or a program installed: what failed by that is
    # tried again for a new event.
    return row.reason not in _OF_THIS_MACHINE or row.message_id == message_id


def _was_dead_lettered(row: FileRow, message_id: str) -> bool:
    """Whether this very message was dead-lettered for the file; a new event tries it again."""
    return row.state is State.DEAD_LETTERED and row.message_id == message_id

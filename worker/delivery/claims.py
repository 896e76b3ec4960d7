"""The right to write a file's result: the check of the object, and the claim on its ledger row."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TypeAlias

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.storage_handler import StorageHandler
from worker.errors import LeaseLostError, ObjectGoneError, RejectedError
from worker.models.file import EventType, FileMessage, ObjectVersion, OpenObject, Rerun
from worker.models.ledger import Claim, Job, State

MAX_CRASH_STRIKES = 3
"""Deaths of a worker, while it processed nothing but one file, after which the file is not tried again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlreadyDone:
    """This version of the file is processed; there is nothing to do."""

    row: FileRow


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldByOther:
    """Another attempt is processing the file."""

    row: FileRow


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderMarker:
    """The key names a folder and has never had a document: it gets no row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NeedsIsolation:
    """The file is suspect of killing its worker: it must be processed with no other beside it."""

    row: FileRow


Claimed: TypeAlias = Job | HeldByOther | AlreadyDone | FolderMarker | NeedsIsolation
"""The result of a claim."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimer:
    """Checks objects and claims their ledger rows."""

    storage: StorageHandler
    table: FileTable

    def claim(
        self,
        message: FileMessage,
        *,
        message_id: str,
        takeover: tuple[int, int] | None = None,
        redo_fence: int | None = None,
        is_isolated: bool = False,
    ) -> Claimed:
        """Claim the file a message names, unless it is done, no document, held, or suspect and not isolated.

        A file held by another attempt is claimed where that attempt came from the same message (SQS
        redelivered it, so that lease has lapsed), or where `takeover` is the fence and beat at which that
        attempt has stood still. A finished file is claimed once more where it was finished on `redo_fence`:
        that raises the fence, so that copies change nothing. So it is where the message asks to make
        something again, and names no fence. Raises SourceRefusedError: its bucket is out.
        """
        self.storage.sources.admit(message.bucket, message.key)
        row = self.table.read(message.file_id)
        if row is not None and _was_dead_lettered(row, message_id):
            return AlreadyDone(row=row)
        # The object decides, not the event: events come late, twice and out of order.
        version, opened = self._find(message, row)
        with ExitStack() as undo:
            if opened is not None:
                undo.callback(opened.close)
            if version is None and row is None and message.key.endswith("/"):
                return FolderMarker()
            if row is not None and _is_done(row, version, message, message_id, redo_fence):
                return AlreadyDone(row=row)
            if row is not None and version is not None and self._has_groups(message, version, row):
                return AlreadyDone(row=row)
            if row is not None and is_held(row, message_id) and takeover != (row.fence, row.beat):
                return HeldByOther(row=row)
            is_suspect = row is not None and _is_suspect(row, version)
            if row is not None and is_suspect and not is_isolated:
                return NeedsIsolation(row=row)
            claimed = self._write(message, message_id, version, row, is_isolated=is_suspect)
            if isinstance(claimed, HeldByOther):
                return claimed
            undo.pop_all()
        return replace(_to_job(message, version, claimed, message_id), opened=opened)

    def _find(
        self, message: FileMessage, row: FileRow | None
    ) -> tuple[ObjectVersion | None, OpenObject | None]:
        """The current version of the document, None when it does not exist; opened where it will be read."""
        # A file without a row was never processed, so it will be read: a GET says what a HEAD would. Only of
        # images, whose vectors take two calls more than other files have (docs/decisions, 66).
        is_new = row is None and message.event_type is not EventType.FILE_DELETED
        if is_new and message.is_image_by_name:
            try:
                opened = self.storage.open(message.bucket, message.key)
            except ObjectGoneError:
                return None, None
            except RejectedError:
                return head_object(self.storage, message), None  # archived: only its metadata can be read
            if not _is_folder_marker(message, opened.version):
                return opened.version, opened
            opened.close()
            return None, None
        return head_object(self.storage, message), None

    def _has_groups(self, message: FileMessage, version: ObjectVersion, row: FileRow) -> bool:
        """Whether tags changed that name no groups: programs that scan a bucket tag every object."""
        is_same = message.tags_changed and row.is_finished and row.version == version.version
        if not is_same or row.state is State.DEAD_LETTERED:
            return False
        tagged = self.storage.with_groups(message.bucket, message.key, version)
        return tagged.groups == row.metadata.allowed_groups

    def _write(
        self,
        message: FileMessage,
        message_id: str,
        version: ObjectVersion | None,
        seen: FileRow | None,
        *,
        is_isolated: bool,
    ) -> FileRow | HeldByOther:
        try:
            return self.table.claim(
                message,
                message_id=message_id,
                version=version.version if version else None,
                seen=seen,
                attempt=uuid.uuid4().hex,
                is_isolated=is_isolated,
            )
        except LeaseLostError:
            # Another worker claimed the row since it was read: the write is conditional on its fence.
            winner = self.table.read(message.file_id)
            if winner is None:
                raise
            return HeldByOther(row=winner)

    def claim_refused(self, message: FileMessage, *, message_id: str) -> Job | None:
        """Claim a file whose object is refused, so that its failures can be counted.

        None where another attempt holds the file. Counts and checkpoint of an unfinished version stay, and
        so does what a rerun would replace.
        """
        row = self.table.read(message.file_id)
        if row is not None and is_held(row, message_id):
            return None
        try:
            claimed = self.table.claim(
                message,
                message_id=message_id,
                version=row.version if row and (message.rerun or not row.is_finished) else None,
                seen=row,
                attempt=uuid.uuid4().hex,
            )
        except LeaseLostError:
            return None
        return _to_job(message, None, claimed, message_id)


def head_object(storage: StorageHandler, message: FileMessage) -> ObjectVersion | None:
    """The current version of the document a message names, None when it does not exist.

    An empty object whose key ends in `/` only shows a folder in a console: it is no document.
    """
    try:
        version = storage.head(message.bucket, message.key)
    except ObjectGoneError:
        return None
    return None if _is_folder_marker(message, version) else version


def _is_folder_marker(message: FileMessage, version: ObjectVersion) -> bool:
    return message.key.endswith("/") and version.size_bytes == 0


def is_held(row: FileRow, message_id: str) -> bool:
    """Whether an attempt that came from another message holds the file."""
    return not row.is_finished and row.owner is not None and row.message_id != message_id


def _is_suspect(row: FileRow, version: ObjectVersion | None) -> bool:
    """Whether reading this version may kill the worker; one with all its strikes is read no more."""
    is_same = version is not None and row.version == version.version
    return is_same and row.is_suspect and row.crash_strikes < MAX_CRASH_STRIKES


def _to_job(message: FileMessage, version: ObjectVersion | None, row: FileRow, message_id: str) -> Job:
    return Job(
        message=message,
        claim=Claim(file_id=row.file_id, fence=row.fence, attempt=row.attempt or "", message_id=message_id),
        version=version,
        checkpoint=row.checkpoint,
        failures=row.failures,
        crash_strikes=row.crash_strikes,
        is_suspect=row.is_suspect,
        rerun=Rerun(row.rerun) if row.rerun else message.rerun,
        stored=row.before_rerun,
        metadata=row.metadata,
    )


def _is_done(
    row: FileRow,
    version: ObjectVersion | None,
    message: FileMessage,
    message_id: str,
    redo_fence: int | None,
) -> bool:
    if not row.is_finished:
        return False
    if message.rerun is not None and redo_fence is None and row.message_id != message_id:
        redo_fence = row.fence
    needs_file = message.rerun is None or message.rerun.needs_file
    if redo_fence == row.fence and not (needs_file and _is_archived_since(row, version)):
        return False
    if version is None:
        return row.state is State.TOMBSTONED
    if row.version != version.version or row.state in (State.TOMBSTONED, State.DEAD_LETTERED):
        return False
    # A limit may have been raised since, a password added or a program installed: a new event has the file
    # read again. Of an archived object nothing more can be read than was.
    return version.is_archived or not row.met_limit or row.message_id == message_id


def _is_archived_since(row: FileRow, version: ObjectVersion | None) -> bool:
    """Whether the object of a complete row was archived: reading it again would lose its text."""
    return version is not None and version.is_archived and not row.lacks_something


def _was_dead_lettered(row: FileRow, message_id: str) -> bool:
    """Whether this same message was dead-lettered for the file; a new event tries the file again."""
    return row.state is State.DEAD_LETTERED and row.message_id == message_id

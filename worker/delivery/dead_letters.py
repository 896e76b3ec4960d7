"""Files and records that no attempt can finish: sent to the dead-letter queue, and recorded."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import quote_plus

import structlog

from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.delivery.claims import is_held
from worker.delivery.heartbeat import Lease
from worker.errors import LeaseLostError, MisconfiguredError, RejectedError, ThrottledError, UnavailableError
from worker.events import RejectedRecord
from worker.index.search_index import SearchIndex
from worker.models.document import Document
from worker.models.file import FileMessage, FileType
from worker.models.ledger import Claim, State
from worker.models.metadata import NO_METADATA, NO_PROPERTIES, UNKNOWN_GROUPS, FileMetadata
from worker.outcome import Outcome

_MESSAGE_CHARS = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetters:
    """Dead-letters single files and records of a message; the consumer deletes the message itself."""

    queue: QueueManager
    table: FileTable
    index: SearchIndex
    restore: Callable[[Claim, str], bool] = lambda _claim, _reason: False
    """Writes what was there before a failed rerun, if the claim is for one; it gets the code."""

    def send(self, lease: Lease, file: FileMessage, ended: Outcome, *, alone: bool) -> None:
        """Dead-letter one file of a message (the whole body when `alone`), and record it with its reason.

        The ledger and the index get the reason in place of what an older version of the file left there. A
        file that another attempt holds is left to that attempt.
        """
        if lease.claim is None:
            file = self._claim_to_record(lease, file)
        # Sent before it is recorded: when the record fails, the message is sent twice rather than lost.
        self.queue.dead_letter(
            lease.message,
            code=ended.code,
            reason=ended.message,
            stage=ended.stage,
            body=None if alone else native_body(file),
        )
        if lease.claim is not None and not self.restore(lease.claim, ended.code):
            row = self.table.read(file.file_id)
            metadata = _known_metadata(row)
            entry = dead_lettered_document(file, code=ended.code, message=ended.message, metadata=metadata)
            self._record(lease.claim, entry)

    def send_record(self, lease: Lease, record: RejectedRecord) -> None:
        """Dead-letter one record of a message that names no file of this worker."""
        self.queue.dead_letter(
            lease.message, code=record.code, reason=record.reason, stage="parse", body=record.body
        )

    def _record(self, claim: Claim, document: Document) -> None:
        index_pending = not write_entry(self.index, document, version=claim.fence)
        self.table.commit(
            claim,
            Commit(
                state=State.DEAD_LETTERED,
                reason=document.reason,
                reason_message=document.reason_message,
                index_pending=index_pending,
                file_path=document.file_path,
                size_bytes=document.size_bytes,
                metadata=document.metadata,
            ),
        )

    def _claim_to_record(self, lease: Lease, file: FileMessage) -> FileMessage:
        """Claim a file that this message has not claimed; the file as it is known from its row.

        The lease has no claim afterwards when another attempt holds the file.
        """
        message_id = lease.message.message_id
        row = self.table.read(file.file_id)
        if row is not None:
            # Its event may lack the path that the file is known by.
            path = file.original_path or row.file_path or None
            file = replace(file, original_path=path, size_bytes=file.size_bytes or row.size_bytes)
            if is_held(row, message_id):
                return file
        try:
            claimed = self.table.claim(
                file,
                message_id=message_id,
                version=row.version if row and file.rerun else None,
                seen=row,
                attempt=uuid.uuid4().hex,
            )
        except LeaseLostError:
            # Claimed since it was read: the file is left to that attempt.
            return file
        lease.claim = Claim(
            file_id=file.file_id,
            fence=claimed.fence,
            attempt=claimed.attempt or "",
            message_id=message_id,
        )
        return file


def _known_metadata(row: FileRow | None) -> FileMetadata:
    """What the row knows; the groups of a file that was never committed were not asked for."""
    if row is None or row.metadata == NO_METADATA:
        return replace(NO_METADATA, allowed_groups=UNKNOWN_GROUPS)
    return row.metadata


def write_entry(index: SearchIndex, document: Document, *, version: int) -> bool:
    """Write the index entry of a dead-lettered file; False when that is left to the replayer.

    Raises LeaseLostError when another attempt has the file.
    """
    try:
        index.index_document(document, version=version)
    except (ThrottledError, UnavailableError, MisconfiguredError) as error:
        _log.warning("index_pending", code=error.code, reason=str(error))
        return False
    except RejectedError as error:
        # Nothing in it can be left out: the row alone has the reason.
        _log.error("index_rejected", reason=str(error))
    return True


def dead_lettered_document(
    file: FileMessage, *, code: str, message: str, metadata: FileMetadata = NO_METADATA
) -> Document:
    """The index entry of a dead-lettered file: its name and the reason, without content or vectors.

    `metadata` is what its row knows: who could not see the file before must not find its name now.
    """
    path = file.display_path
    return Document(
        file_id=file.file_id,
        bucket=file.bucket,
        key=file.key,
        file_name=PurePosixPath(path).name or path,
        file_path=path,
        size_bytes=file.size_bytes or 0,
        file_type=FileType.UNSUPPORTED,
        state=State.DEAD_LETTERED,
        reason=code,
        reason_message=message[:_MESSAGE_CHARS],
        indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        metadata=replace(metadata, properties=NO_PROPERTIES),
    )


def native_body(file: FileMessage) -> str:
    """A message body that names this one file; for changed tags in the form that S3 has for them."""
    if file.tags_changed:
        record = {
            "eventName": "ObjectTagging:Put",
            "s3": {"bucket": {"name": file.bucket}, "object": {"key": quote_plus(file.key)}},
        }
        return json.dumps({"Records": [record]})
    return json.dumps(
        {
            "eventType": file.event_type.value,
            "s3Bucket": file.bucket,
            "s3Key": file.key,
            "fileSize": file.size_bytes or 0,
            "metadata": {"originalPath": file.original_path or file.key},
        }
    )

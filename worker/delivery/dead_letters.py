"""Files that no attempt can finish: sent to the dead-letter queue, and recorded in the ledger."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from worker.aws.file_table import Commit, FileTable
from worker.aws.queue_manager import QueueManager
from worker.delivery.heartbeat import Lease
from worker.models.file import FileMessage
from worker.models.ledger import Claim, State
from worker.outcome import Outcome

_WITH_CONTENT = frozenset({State.INDEXED, State.PARTIAL, State.NO_CONTENT})


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetters:
    """Dead-letters single files of a message; the consumer deletes the message itself."""

    queue: QueueManager
    table: FileTable

    def send(self, lease: Lease, file: FileMessage, ended: Outcome, *, alone: bool) -> None:
        """Dead-letter one file of a message (the whole body when `alone`) and record the reason."""
        # Sent before it is recorded: when the record fails, the message is sent twice rather than lost.
        self.queue.dead_letter(
            lease.message,
            code=ended.code,
            reason=ended.message,
            stage=ended.stage,
            body=None if alone else native_body(file),
        )
        claim = lease.claim or self._claim_to_record(lease, file)
        if claim is not None:
            self.table.commit(
                claim,
                Commit(state=State.DEAD_LETTERED, reason=ended.code, reason_message=ended.message),
            )

    def _claim_to_record(self, lease: Lease, file: FileMessage) -> Claim | None:
        """A claim for a file that this message has not claimed.

        None when another attempt holds it, or when the index still has content of it.
        """
        row = self.table.read(file.file_id)
        if row is not None and (row.owner is not None or row.state in _WITH_CONTENT):
            return None
        message_id = lease.message.message_id
        claimed = self.table.claim(
            file, message_id=message_id, version=None, seen=row, attempt=uuid.uuid4().hex
        )
        return Claim(
            file_id=file.file_id,
            fence=claimed.fence,
            attempt=claimed.attempt or "",
            message_id=message_id,
        )


def native_body(file: FileMessage) -> str:
    """A message body that names this one file."""
    return json.dumps(
        {
            "eventType": file.event_type.value,
            "s3Bucket": file.bucket,
            "s3Key": file.key,
            "fileSize": file.size_bytes or 0,
            "metadata": {"originalPath": file.original_path or file.key},
        }
    )

"""One file and its claims, for the tests of the ledger."""

from __future__ import annotations

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Checkpoint, CheckpointPart, Claim

MESSAGE = FileMessage(
    event_type=EventType.FILE_UPLOADED, bucket="nas", key="報告.pdf", original_path="営業/報告.pdf"
)
CHECKPOINT = Checkpoint(
    version="v1",
    extraction_key="k",
    parts=(CheckpointPart(key="checkpoints/a/1", sha256="ab", pages=(1, 2)),),
)


def claim(
    table: FileTable, attempt: str, *, seen: FileRow | None = None, version: str | None = "v1"
) -> FileRow:
    return table.claim(MESSAGE, message_id="m1", version=version, seen=seen, attempt=attempt)


def held(row: FileRow) -> Claim:
    return Claim(
        file_id=row.file_id,
        fence=row.fence,
        attempt=row.attempt or "",
        message_id=row.message_id or "",
    )


def read(table: FileTable) -> FileRow:
    row = table.read(MESSAGE.file_id)
    assert row is not None
    return row

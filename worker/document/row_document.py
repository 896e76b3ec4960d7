"""What a ledger row still knows of its file: the message that named it, and its document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from worker.aws.ledger_row import FileRow
from worker.models.document import Document, Extraction, Vectors
from worker.models.file import EventType, FileMessage


def row_message(row: FileRow) -> FileMessage:
    """A message that names the file of a row."""
    return FileMessage(
        event_type=EventType.FILE_UPLOADED,
        bucket=row.bucket,
        key=row.key,
        size_bytes=row.size_bytes,
        original_path=row.file_path,
    )


def row_document(row: FileRow, extraction: Extraction, vectors: Vectors) -> Document:
    """The document of a row, with what is stored of its content."""
    return Document(
        file_id=row.file_id,
        bucket=row.bucket,
        key=row.key,
        file_name=PurePosixPath(row.file_path).name or row.file_path,
        file_path=row.file_path,
        size_bytes=row.size_bytes,
        file_type=extraction.file_type,
        state=extraction.state,
        pages=extraction.pages,
        reason=extraction.reason,
        reason_message=extraction.reason_message,
        unread=extraction.unread,
        content_hash=row.content_hash,
        thumbnail_key=row.thumbnail_key,
        artifact_key=row.artifact_key,
        vectors=vectors,
        thumbnail=extraction.thumbnail,
        indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        metadata=replace(row.metadata, properties=extraction.properties),
    )

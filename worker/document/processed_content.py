"""What the content of one file became, and the document that is indexed of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from worker.document.unread import rejected
from worker.errors import RejectedError
from worker.models.document import NO_VECTORS, Document, Extraction, Vectors
from worker.models.file import FileType, ObjectVersion
from worker.models.ledger import Commit, Job
from worker.models.metadata import FileMetadata, property_text, read_time
from worker.models.unread import UnreadSummary


def _no_wait() -> None:
    """Nothing is being stored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredResult:
    """Where a result is stored; `wait` returns when all of it is there, and raises what kept it from that."""

    artifact_key: str
    thumbnail_key: str
    wait: Callable[[], None] = _no_wait


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessedContent:
    """The result of a file's content, before it is written to the index and the ledger.

    With `keeps_text` the text is what an earlier attempt read.
    """

    extraction: Extraction
    vectors: Vectors = NO_VECTORS
    sha256: str | None = None
    artifact_key: str | None = None
    thumbnail_key: str | None = None
    checkpointed: bool = False
    keeps_text: bool = False


def no_content(error: RejectedError) -> ProcessedContent:
    """The result of a file that cannot be read: its reason."""
    return ProcessedContent(extraction=rejected(error))


def make_document(job: Job, version: ObjectVersion, content: ProcessedContent) -> Document:
    """The document of a file: what its message and its object say of it, with its content."""
    message, extraction = job.message, content.extraction
    # The event wins over the metadata of the object: a moved file keeps the metadata of its upload.
    path = message.original_path or version.original_path or message.key
    return Document(
        file_id=message.file_id,
        bucket=message.bucket,
        key=message.key,
        file_name=PurePosixPath(path).name or path,
        file_path=path,
        size_bytes=version.size_bytes,
        file_type=extraction.file_type,
        state=extraction.state,
        pages=extraction.pages,
        reason=extraction.reason,
        reason_message=extraction.reason_message,
        unread=extraction.unread,
        content_hash=content.sha256,
        thumbnail_key=content.thumbnail_key if extraction.thumbnail is not None else None,
        artifact_key=content.artifact_key,
        vectors=content.vectors,
        thumbnail=extraction.thumbnail,
        indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        metadata=_metadata(job, version, extraction),
    )


def _metadata(job: Job, version: ObjectVersion, extraction: Extraction) -> FileMetadata:
    """What message, object and content say; a rerun has the upload of the event that brought the version."""
    message, known = job.message, job.metadata
    dates = (read_time(message.uploaded_at), known.uploaded_at)
    # Senders that do not know the type say that it is a stream of bytes.
    mime_type = message.mime_type if message.mime_type != FileType.UNSUPPORTED.mime_type else ""
    return FileMetadata(
        uploaded_at=next(filter(None, reversed(dates) if message.rerun else dates), ""),
        last_modified=version.last_modified,
        mime_type=property_text(mime_type)
        or (known.mime_type if message.rerun else "")
        or extraction.file_type.mime_type,
        allowed_groups=version.groups,
        properties=extraction.properties,
    )


def make_commit(document: Document, *, index_pending: bool, keeps_text: bool) -> Commit:
    """What the ledger keeps of a document that was written to the index, or waits for it."""
    return Commit(
        state=document.state,
        reason=document.reason,
        reason_message=document.reason_message,
        unread=UnreadSummary.of(document.unread),
        content_hash=document.content_hash,
        artifact_key=document.artifact_key,
        thumbnail_key=document.thumbnail_key,
        pages=len(document.pages),
        index_pending=index_pending,
        vectors_pending=document.vectors.pending,
        file_path=document.file_path,
        file_type=document.file_type,
        size_bytes=document.size_bytes,
        keeps_text=keeps_text,
        metadata=document.metadata,
    )

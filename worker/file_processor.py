"""FileProcessor: one document in a straight line.

    (claimed job) -> download -> extract (pages streamed, checkpointed) -> embed
        -> store artifact -> look again -> index (version = fence) -> commit (fence)

No stage calls another; the order is known here only. The ledger row is written last, on the fence:
it says that all of it is there, or is marked pending: an index or embedding service that is away holds
no document up, the replayer fills in what it missed. A WorkerError ends an attempt; the consumer turns
it into an outcome.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import structlog

from worker.aws.file_table import Commit, FileTable
from worker.aws.storage_handler import StorageHandler
from worker.delivery.claims import look
from worker.delivery.heartbeat import Lease
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader
from worker.document.embedder import Embedder
from worker.errors import (
    Code,
    ObjectChangedError,
    ObjectGoneError,
    RejectedError,
    ThrottledError,
    UnavailableError,
    WorkerError,
)
from worker.index.search_index import SearchIndex
from worker.models.document import NO_VECTORS, Document, Extraction, Vectors
from worker.models.file import FileType, LocalFile, ObjectVersion
from worker.models.ledger import Job, State
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.work_root import remove_document_folder

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessedContent:
    """What was made of a file's bytes, before it is written for good."""

    extraction: Extraction
    vectors: Vectors = NO_VECTORS
    sha256: str | None = None
    artifact_key: str | None = None
    checkpointed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FileProcessor:
    """Turns claimed files into committed documents; shared by all document threads."""

    storage: StorageHandler
    table: FileTable
    store: ArtifactStore
    index: SearchIndex
    embedder: Embedder
    reader: DocumentReader
    metrics: Metrics
    work_root: Path
    max_file_bytes: int

    def process(self, job: Job, lease: Lease) -> Document:
        """Work one claimed file to its committed end; the temporary files are gone afterwards.

        Raises WorkerError: what it means for the message is the consumer's to decide.
        """
        if job.version is None:
            return self._write_tombstone(job)
        with self._work_folder() as folder:
            try:
                content = self._read(job, job.version, folder, lease)
            except ObjectGoneError:
                return self._write_tombstone(job)
            except RejectedError as error:
                content = _no_content(error)
        document = self._document(job, job.version, content)
        with self._stage("confirm"):
            self._confirm(job, job.version, lease)
        self._write(job, document)
        if content.checkpointed:
            self._drop_checkpoint(job, job.version)
        return document

    def _read(self, job: Job, version: ObjectVersion, folder: Path, lease: Lease) -> ProcessedContent:
        local = self._download(job, version, folder, lease)
        with self._stage("extract"):
            reading = self.reader.read(job, local, folder, lease)
        extraction = reading.extraction
        artifact_key = self.store.artifact_key(local.sha256, extraction.file_type)
        if not reading.from_store:
            # Before the vectors: whatever happens from here on, nothing is read again.
            with self._stage("store"):
                self.store.save(local.sha256, extraction)
        with self._stage("embed"):
            vectors = self.embedder.embed(local.sha256, extraction, check=lambda: self.reader.check(lease))
        return ProcessedContent(
            extraction=extraction,
            vectors=vectors,
            sha256=local.sha256,
            artifact_key=artifact_key,
            checkpointed=reading.checkpointed,
        )

    def _download(self, job: Job, version: ObjectVersion, folder: Path, lease: Lease) -> LocalFile:
        name = job.message.display_path
        if version.size_bytes == 0:
            raise RejectedError(f"{name}: the file is empty", code=Code.EMPTY)
        if version.size_bytes > self.max_file_bytes:
            raise RejectedError(
                f"{name}: {version.size_bytes} bytes are over the limit of {self.max_file_bytes} "
                "(CIS_MAX_FILE_BYTES)",
                code=Code.TOO_LARGE,
            )
        with self._stage("download"):
            return self.storage.download(
                job.message.bucket,
                job.message.key,
                version,
                folder / "original",
                stop=lambda: self.reader.check(lease),
            )

    def _document(self, job: Job, version: ObjectVersion, content: ProcessedContent) -> Document:
        message, extraction = job.message, content.extraction
        path = message.original_path or version.original_path or message.key
        drawn = extraction.thumbnail is not None and content.sha256 is not None
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
            content_hash=content.sha256,
            thumbnail_key=self.store.thumbnail_key(content.sha256 or "") if drawn else None,
            artifact_key=content.artifact_key,
            vectors=content.vectors,
            thumbnail=extraction.thumbnail,
            indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _confirm(self, job: Job, version: ObjectVersion, lease: Lease) -> None:
        """Look at the object again before anything is written for good: a newer one wins."""
        lease.check()
        now = look(self.storage, job.message)
        if now is None or now.version != version.version:
            raise ObjectChangedError(
                f"{job.message.display_path} changed while it was read; it is read again"
            )

    def _write(self, job: Job, document: Document) -> None:
        fence = job.claim.fence
        with self._stage("index"):
            index_pending = self._left_pending(lambda: self.index.index_document(document, version=fence))
        if document.vectors.pending:
            self.metrics.left_pending.labels(kind="vectors").inc()
        with self._stage("commit"):
            self.table.commit(
                job.claim,
                Commit(
                    state=document.state,
                    reason=document.reason,
                    reason_message=document.reason_message,
                    content_hash=document.content_hash,
                    artifact_key=document.artifact_key,
                    thumbnail_key=document.thumbnail_key,
                    pages=len(document.pages),
                    index_pending=index_pending,
                    vectors_pending=document.vectors.pending,
                    file_path=document.file_path,
                    file_type=document.file_type,
                    size_bytes=document.size_bytes,
                ),
            )

    def _left_pending(self, write: Callable[[], None]) -> bool:
        """Write to the index; True when it is away: the text is stored, so the document need not wait."""
        try:
            write()
        except (ThrottledError, UnavailableError) as error:
            self.metrics.left_pending.labels(kind="index").inc()
            _log.warning("index_pending", code=error.code, reason=str(error))
            return True
        return False

    def _drop_checkpoint(self, job: Job, version: ObjectVersion) -> None:
        try:
            self.store.drop_checkpoint(job.claim.file_id, version.version)
        except WorkerError as error:
            # The document is committed; what is left over is swept, not worth an attempt.
            _log.warning("checkpoint_left_over", reason=str(error))

    def _write_tombstone(self, job: Job) -> Document:
        """The object is gone: leave a tombstone that no stale write can lift."""
        claim, message = job.claim, job.message
        index_pending = self._left_pending(lambda: self.index.tombstone(claim.file_id, version=claim.fence))
        self.table.commit(
            claim,
            Commit(state=State.TOMBSTONED, reason=Code.OBJECT_GONE.value, index_pending=index_pending),
        )
        return Document(
            file_id=message.file_id,
            bucket=message.bucket,
            key=message.key,
            file_name=PurePosixPath(message.display_path).name,
            file_path=message.display_path,
            size_bytes=0,
            file_type=FileType.UNSUPPORTED,
            state=State.TOMBSTONED,
            reason=Code.OBJECT_GONE.value,
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Time a stage, and name it in every line that is logged in it."""
        with self.metrics.time_stage(name), bind(stage=name):
            yield

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        try:
            folder = Path(tempfile.mkdtemp(prefix="document-", dir=self.work_root))
        except OSError as error:
            raise UnavailableError(f"no folder can be made in {self.work_root}: {error.strerror}") from error
        try:
            yield folder
        finally:
            remove_document_folder(folder)


def _no_content(error: RejectedError) -> ProcessedContent:
    return ProcessedContent(
        extraction=Extraction(
            file_type=FileType.UNSUPPORTED, reason=error.code.value, reason_message=str(error)
        )
    )

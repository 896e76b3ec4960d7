"""FileProcessor: one document in a straight line.

    (claimed job) -> download -> extract (pages streamed, checkpointed) -> store artifact
        -> embed -> check the object again -> index (version = fence) -> commit (fence)

No stage calls another; the order is known here only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import structlog

from worker.aws.file_table import Commit, FileTable
from worker.aws.storage_handler import StorageHandler
from worker.delivery.claims import head_object
from worker.delivery.heartbeat import Lease
from worker.delivery.local_health import LocalHealth
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader
from worker.document.embedder import Embedder
from worker.errors import (
    Code,
    LocalFaultError,
    ObjectChangedError,
    ObjectGoneError,
    ProcessingError,
    RejectedError,
    ReportedFaultError,
    ServiceRefusedError,
    ThrottledError,
    UnavailableError,
    WorkerError,
)
from worker.index.search_index import SearchIndex
from worker.models.document import NO_VECTORS, Document, Extraction, Vectors
from worker.models.file import FileType, LocalFile, ObjectVersion
from worker.models.ledger import Job, State
from worker.resilience.resource_monitor import ResourceMonitor
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.work_root import remove_document_folder

# Where memory is short the kernel ends every reading process: such an end proves no healthy machine.
_DEATHS = (Code.CRASHED, Code.MEMORY, Code.TIMEOUT)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessedContent:
    """The result of a file's content, before it is written to the index and the ledger."""

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
    local_health: LocalHealth
    max_file_bytes: int
    resources: ResourceMonitor = field(default_factory=ResourceMonitor)

    def process(self, job: Job, lease: Lease) -> Document:
        """Process one claimed file up to its commit; its temporary files are removed in any case.

        Raises WorkerError, which the consumer turns into an outcome.
        """
        if job.version is None:
            return self._write_tombstone(job)
        try:
            with self._work_folder() as folder:
                content = self._read(job, job.version, folder, lease)
        except ObjectGoneError:
            return self._write_tombstone(job)
        except RejectedError as error:
            content = _no_content(error)
        except ReportedFaultError as error:
            raise self.local_health.verify(error) from error
        # The temporary files are gone here: index and ledger may be slow, and disk space is scarce.
        document = self._document(job, job.version, content)
        with self._stage("confirm"):
            self._check_unchanged(job, job.version, lease)
        self._write(job, document)
        if content.checkpointed:
            self._drop_checkpoint(job, job.version)
        return document

    def _read(self, job: Job, version: ObjectVersion, folder: Path, lease: Lease) -> ProcessedContent:
        times_created = self.local_health.work_root.times_created
        local = self._download(job, version, folder, lease)
        with self._stage("extract"):
            result = self.reader.read(job, local, folder, lease)
            self._check_kept(local, times_created)
        extraction = result.extraction
        if extraction.reason not in _DEATHS:
            self.local_health.record_success()
        artifact_key = self.store.artifact_key(local.sha256, extraction.file_type)
        if not result.from_store:
            # Before embedding: no failure from here on makes the next attempt repeat the OCR.
            with self._stage("store"):
                self.store.save(local.sha256, extraction)
        with self._stage("embed"):
            vectors = self.embedder.embed(local.sha256, extraction, check=lambda: self.reader.check(lease))
        return ProcessedContent(
            extraction=extraction,
            vectors=vectors,
            sha256=local.sha256,
            artifact_key=artifact_key,
            checkpointed=result.checkpointed,
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
        if version.is_archived:
            raise RejectedError(
                f"{name}: the object is archived; restore it if its text is wanted", code=Code.ARCHIVED
            )
        health = self.local_health
        with self._stage("download"), health.reserve_room(name, version.size_bytes), _local_faults(folder):
            return self.storage.download(
                job.message.bucket,
                job.message.key,
                version,
                folder / "original",
                stop=lambda: self.reader.check(lease),
                max_bytes=self.max_file_bytes,
            )

    def _check_kept(self, local: LocalFile, times_created: int) -> None:
        """Raise when the file was removed while it was read: its pages prove nothing.

        LocalFaultError where the whole work folder was; its own process may have removed the file alone.
        """
        if Path(local.path).exists():
            return
        work_root = self.local_health.work_root
        work_root.ensure()
        if work_root.times_created != times_created:
            raise LocalFaultError(
                f"{work_root.path} was removed while documents were read; they are read again"
            )
        raise ProcessingError(f"{local.path} was removed while it was read", stage="extract")

    def _document(self, job: Job, version: ObjectVersion, content: ProcessedContent) -> Document:
        message, extraction = job.message, content.extraction
        # The event wins over the metadata of the object: a moved file keeps the metadata of its upload.
        path = message.original_path or version.original_path or message.key
        has_thumbnail = extraction.thumbnail is not None and content.sha256 is not None
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
            thumbnail_key=self.store.thumbnail_key(content.sha256 or "") if has_thumbnail else None,
            artifact_key=content.artifact_key,
            vectors=content.vectors,
            thumbnail=extraction.thumbnail,
            indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _check_unchanged(self, job: Job, version: ObjectVersion, lease: Lease) -> None:
        """Raise ObjectChangedError when the object is no longer the version that was read."""
        # A newer version has an event of its own; this result must not be committed as the current one.
        lease.check()
        now = head_object(self.storage, job.message)
        if now is None or now.version != version.version:
            raise ObjectChangedError(
                f"{job.message.display_path} changed while it was read; it is read again"
            )

    def _write(self, job: Job, document: Document) -> None:
        fence = job.claim.fence
        with self._stage("index"):
            index_pending = not self._try_index(lambda: self.index.index_document(document, version=fence))
        if document.vectors.pending:
            self.metrics.documents_pending.labels(kind="vectors").inc()
        # Last, and on the fence: a committed row means that all of it is written, or marked pending.
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

    def _try_index(self, write: Callable[[], None]) -> bool:
        """Write to the index; False when it is unavailable (the replayer writes it later)."""
        try:
            write()
        except (ThrottledError, UnavailableError, ServiceRefusedError) as error:
            if isinstance(error, ServiceRefusedError):
                self.resources.on_error("index", "write", error, is_needed=False)
            self.metrics.count_pending("index")
            _log.warning("index_pending", code=error.code, reason=str(error))
            return False
        self.resources.on_success("index", "write")
        return True

    def _drop_checkpoint(self, job: Job, version: ObjectVersion) -> None:
        try:
            self.store.drop_checkpoint(job.claim.file_id, version.version)
        except WorkerError as error:
            # The document is committed: leftover objects are not worth another attempt.
            _log.warning("checkpoint_left_over", reason=str(error))

    def _write_tombstone(self, job: Job) -> Document:
        """The object does not exist: write a tombstone on the fence, which refuses stale writes."""
        claim, message = job.claim, job.message
        index_pending = not self._try_index(lambda: self.index.tombstone(claim.file_id, version=claim.fence))
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
        """Time a stage, and add its name to every line that is logged in it."""
        with self.metrics.time_stage(name), bind(stage=name):
            yield

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        folder = self.local_health.work_root.make_document_folder()
        try:
            yield folder
        finally:
            remove_document_folder(folder)


@contextmanager
def _local_faults(folder: Path) -> Iterator[None]:
    """An error of the local file is a fault of this machine: the adapters wrap those of the network."""
    try:
        yield
    except OSError as error:
        raise LocalFaultError(f"no file can be written in {folder}: {error.strerror}") from error


def _no_content(error: RejectedError) -> ProcessedContent:
    return ProcessedContent(
        extraction=Extraction(
            file_type=FileType.UNSUPPORTED, reason=error.code.value, reason_message=str(error)
        )
    )

"""FileProcessor: one document in a straight line.

    (claimed job) -> download -> extract (pages streamed, checkpointed) -> store artifact
        -> embed -> check the object again -> index (version = fence) -> commit (fence)

No stage calls another; the order is known here only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

import structlog

from worker.aws.file_table import Commit, FileTable
from worker.aws.storage_handler import StorageHandler
from worker.delivery.claims import head_object
from worker.delivery.heartbeat import Lease
from worker.delivery.local_health import LocalHealth
from worker.document.admission import require_readable
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader, ReadResult
from worker.document.embedder import Embedder
from worker.document.processed_content import (
    ProcessedContent,
    StoredResult,
    make_commit,
    make_document,
    no_content,
)
from worker.document.reruns import Reruns
from worker.document.row_document import row_document
from worker.document.saved_state import load_state, to_state
from worker.errors import (
    Code,
    LocalFaultError,
    ObjectChangedError,
    ObjectGoneError,
    RejectedError,
    ReportedFaultError,
    ServiceRefusedError,
    ThrottledError,
    UnavailableError,
    WorkerError,
)
from worker.index.search_index import SearchIndex
from worker.models.document import Document
from worker.models.file import FileType, LocalFile, ObjectVersion
from worker.models.ledger import Claim, Job, State
from worker.resilience.resource_monitor import ResourceMonitor
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.work_root import remove_document_folder

# Where memory is short the kernel ends every reading process: such an end proves no healthy machine.
_DEATHS = (Code.CRASHED, Code.MEMORY, Code.TIMEOUT)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileProcessor:
    """Turns claimed files into committed documents; shared by all document threads.

    `writing` is entered where a document is read, and only its result has to be written.
    """

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
    writing: Callable[[], AbstractContextManager[object]] = nullcontext

    def process(self, job: Job, lease: Lease) -> Document:
        """Process one claimed file up to its commit; its temporary files are removed in any case.

        Raises WorkerError, which the consumer turns into an outcome.
        """
        if job.version is None:
            return self._write_tombstone(job)
        try:
            content = self._content(job, job.version, lease)
        except ObjectGoneError:
            return self._write_tombstone(job)
        except RejectedError as error:
            content = self.reruns.before(job.stored, str(error)) or no_content(error)
        except ReportedFaultError as error:
            raise self.local_health.verify(error) from error
        # The temporary files are gone here: index and ledger may be slow, and disk space is scarce.
        with self._stage("confirm"):
            version = self._check_unchanged(job, job.version, lease)
        with self.writing():
            document = self._write(job.claim, make_document(job, version, content), content)
        if content.checkpointed or (content.keeps_text and job.checkpoint is not None):
            self._drop_checkpoint(job, job.version)
        return document

    def restore(self, claim: Claim, reason: str) -> bool:
        """Write what was there before a rerun that failed for good; False where the claim is for none.

        Raises WorkerError.
        """
        row = self.table.read(claim.file_id)
        content = self.reruns.before(row.before_rerun, reason) if row is not None else None
        if row is None or content is None:
            return False
        self._write(claim, row_document(row, content.extraction, content.vectors), content)
        return True

    @property
    def reruns(self) -> Reruns:
        """What is stored of files from before their reruns."""
        return Reruns(store=self.store, embedder=self.embedder)

    def _content(self, job: Job, version: ObjectVersion, lease: Lease) -> ProcessedContent:
        with self._stage("embed"):
            content = self.reruns.from_stored(job, check=partial(self.reader.check, lease))
        if content is not None:
            return content
        with self._work_folder() as folder:
            return self._read(job, version, folder, lease)

    # Bound by the specification of the interruption handling, as the faces in `spot_handler` are.

    def save_state(self) -> dict[str, str]:
        """Checkpoint the documents in progress; the checkpoint of each by its file_id. Raises WorkerError."""
        return to_state(self.reader.open_documents.save(), self.table)

    def restore_state(self, state: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
        """The pages by file_id that a state saved by any worker gives, and this one need not read again."""
        return load_state(state, self.store)

    def _read(self, job: Job, version: ObjectVersion, folder: Path, lease: Lease) -> ProcessedContent:
        times_created = self.local_health.work_root.times_created
        local = self._download(job, version, folder, lease)
        with self._stage("extract"):
            result = self.reader.read(job, local, folder, lease)
            self.local_health.check_kept(Path(local.path), times_created)
        extraction = result.extraction
        if extraction.reason not in _DEATHS:
            self.local_health.record_success()

        check = partial(self.reader.check, lease)
        kept = self.reruns.better_before(job, extraction, check=check)
        if kept is not None:
            return kept
        extraction = self.reruns.with_pages_before(job, extraction, sha256=local.sha256)
        result = replace(result, extraction=extraction)
        # Before embedding: no failure from here on makes the next attempt repeat the OCR.
        with self._stage("store"):
            stored = self._start_storing(job, local.sha256, result, check)
        is_fresh = job.rerun is not None and job.rerun.embeds
        with self._stage("embed"):
            vectors = self.embedder.embed(local.sha256, extraction, check=check, is_fresh=is_fresh)
        # It was uploaded during the embedding; neither index nor ledger may name what is not there.
        with self._stage("store"):
            stored.wait()
        return ProcessedContent(
            extraction=extraction,
            vectors=vectors,
            sha256=local.sha256,
            artifact_key=stored.artifact_key,
            thumbnail_key=stored.thumbnail_key,
            checkpointed=result.checkpointed,
            keeps_text=result.redrawn,
        )

    def _start_storing(
        self, job: Job, sha256: str, result: ReadResult, check: Callable[[], None]
    ) -> StoredResult:
        """Begin to store what is new."""
        if result.redrawn and job.stored is not None:
            key = job.stored.artifact_key
            return StoredResult(
                artifact_key=key, thumbnail_key=self.store.save_thumbnail(key, sha256, result.extraction)
            )
        stored = StoredResult(
            artifact_key=self.store.artifact_key(sha256, result.extraction.file_type),
            thumbnail_key=self.store.thumbnail_key(sha256),
        )
        if result.from_store:
            return stored
        return replace(stored, wait=self.store.start_saving(sha256, result.extraction, check=check))

    def _download(self, job: Job, version: ObjectVersion, folder: Path, lease: Lease) -> LocalFile:
        name = job.message.display_path
        require_readable(name, version, max_bytes=self.max_file_bytes)
        health = self.local_health
        with self._stage("download"), health.reserve_room(name, version.size_bytes), _local_faults(folder):
            opened = job.opened or self.storage.open(job.message.bucket, job.message.key, version=version)
            return self.storage.save(
                opened,
                folder / "original",
                stop=lambda: self.reader.check(lease),
                max_bytes=self.max_file_bytes,
            )

    def _check_unchanged(self, job: Job, version: ObjectVersion, lease: Lease) -> ObjectVersion:
        """The version that was read, with its groups as they are now; ObjectChangedError where it is gone."""
        # A newer version has an event of its own; this result must not be committed as the current one.
        lease.check()
        now = head_object(self.storage, job.message)
        if now is None or now.version != version.version:
            raise ObjectChangedError(f"{job.message.display_path} changed while it was read: once more")
        return self.storage.with_groups(job.message.bucket, job.message.key, now)

    def _write(self, claim: Claim, document: Document, content: ProcessedContent) -> Document:
        fence = claim.fence
        with self._stage("index"):
            index_pending = not self._try_index(lambda: self.index.index_document(document, version=fence))
        if document.vectors.pending:
            self.metrics.documents_pending.labels(kind="vectors").inc()
        # Last, and on the fence: a committed row means that all of it is written, or marked pending.
        with self._stage("commit"):
            commit = make_commit(document, index_pending=index_pending, keeps_text=content.keeps_text)
            self.table.commit(claim, commit)
        return document

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
        with self.writing():
            tombstone = partial(self.index.tombstone, claim.file_id, version=claim.fence)
            index_pending = not self._try_index(tombstone)
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

"""DocumentReader: extracts one downloaded file in the sandbox, with checkpoints and in time for a stop."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

import structlog

from worker.aws.file_table import FileTable
from worker.delivery.heartbeat import Lease
from worker.document.artifacts import ArtifactStore
from worker.document.open_documents import OpenDocument, OpenDocuments
from worker.document.page_collector import PageCollector
from worker.document.unread import (
    lacks_thumbnail_by_limit,
    reason_of,
    rejected,
    unread_of,
    with_thumbnail,
)
from worker.errors import UNREAD, Code, JobInterrupted, RejectedError, TransientError
from worker.models.document import Extraction
from worker.models.file import FileType, LocalFile, Rerun
from worker.models.ledger import Job
from worker.models.member import Member
from worker.models.metadata import NO_PROPERTIES, Properties
from worker.models.page import Page
from worker.runtime import tally
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import (
    PICTURE_NAME,
    THUMBNAIL_NAME,
    DocumentDetails,
    ExtractionRequest,
    PreviewDone,
)
from worker.sandbox.reading_error import raise_for
from worker.sandbox.runs.extraction_run import ExtractionRun
from worker.sandbox.scheduler import Sandbox

# Without one of these no OCR works on this machine, whatever the file.
_PROGRAMS = ("tesseract", "pdftoppm", "pdfinfo")
_TICK_S = 0.5
# Time kept for what follows the last page: artifact, index write and commit, or its checkpoint.
_WRITE_S = 3.0
# Pages of one document differ: one that is begun late must end before the deadline, or its OCR is lost.
_PAGE_SPREAD = 1.5
_UNKNOWN_PAGE_S = 5.0
_MAX_PICTURE_BYTES = 8 * 1024**2

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadResult:
    """The extraction of a file; `checkpointed` means that there are checkpoint objects to remove.

    With `redrawn` only its thumbnail is new.
    """

    extraction: Extraction
    from_store: bool = False
    redrawn: bool = False
    checkpointed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _BesidePages:
    """What is known of a document beside its pages.

    The codes of what is not read, its properties, the files in it by their first pages, and how its preview
    ended.
    """

    codes: tuple[Code, ...] = ()
    properties: Properties = NO_PROPERTIES
    members: dict[int, Member] = field(default_factory=dict)
    preview: PreviewDone = field(default_factory=partial(PreviewDone, drawn=False))


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentReader:
    """Extracts files in the sandbox; shared by all document threads."""

    sandbox: Sandbox
    store: ArtifactStore
    table: FileTable
    shutdown: Shutdown
    metrics: Metrics
    interruption_expected: Callable[[], bool]
    open_documents: OpenDocuments = field(default_factory=OpenDocuments)

    def read(self, job: Job, local: LocalFile, folder: Path, lease: Lease) -> ReadResult:
        """Everything that can be extracted of a file, from the store if its content was extracted before.

        Raises JobInterrupted (finished pages are checkpointed), LeaseLostError, MisconfiguredError.
        """
        name = PurePosixPath(job.message.display_path).name
        request = ExtractionRequest(path=Path(local.path), name=name, folder=folder)
        with self.sandbox.open(request) as run:
            try:
                file_type = run.detect(lambda: self.check(lease))
            except RejectedError as error:
                return ReadResult(extraction=rejected(error), checkpointed=job.checkpoint is not None)
            stored = self._load(job, local, file_type)
            if stored is not None and (_asks_to_draw(job) or lacks_thumbnail_by_limit(stored)):
                return self._redraw(run, job, stored, folder, lease)
            if stored is not None:
                _log.info("extraction_found", file_type=file_type.value, pages=len(stored.pages))
                return ReadResult(extraction=stored, from_store=True, checkpointed=job.checkpoint is not None)
            collector = PageCollector(
                job=job,
                version=local.version.version,
                store=self.store,
                table=self.table,
                interruption_expected=self.interruption_expected,
                metrics=self.metrics,
            )
            collector.restore()
            run.go(done=collector.pages)
            with self.open_documents.hold(job.claim, collector) as document:
                ended, beside = self._collect(run, document, lease)
        return ReadResult(
            extraction=_to_extraction(file_type, collector.pages, ended, beside, folder),
            checkpointed=collector.has_checkpoint or job.checkpoint is not None,
        )

    def _load(self, job: Job, local: LocalFile, file_type: FileType) -> Extraction | None:
        """What is stored of the content; None where an operator wants the file read again."""
        if job.rerun is Rerun.ALL:
            return None
        if job.rerun is not None and job.stored is not None and job.stored.content_hash == local.sha256:
            return self.store.open(job.stored.artifact_key, job.stored.thumbnail_key)
        return self.store.load(local.sha256, file_type)

    def _redraw(
        self, run: ExtractionRun, job: Job, stored: Extraction, folder: Path, lease: Lease
    ) -> ReadResult:
        """The stored extraction with a new thumbnail; no page is read."""
        run.go(done=stored.pages)
        while not isinstance(event := run.next(_TICK_S), PreviewDone | ReadingEnded):
            self.check(lease)
        preview = event if isinstance(event, PreviewDone) else PreviewDone(drawn=False)
        thumbnail = _picture(folder if preview.drawn else None, THUMBNAIL_NAME)
        unread = with_thumbnail(stored.unread, preview)
        checkpointed = job.checkpoint is not None
        if thumbnail is None:
            if _asks_to_draw(job):
                _log.warning("rerun_failed", reason="no thumbnail could be drawn", kept="thumbnail")
            is_new = not _asks_to_draw(job) and unread != stored.unread
            kept = replace(stored, unread=unread) if is_new else stored
            return ReadResult(extraction=kept, from_store=not is_new, checkpointed=checkpointed)
        return ReadResult(
            extraction=replace(stored, thumbnail=thumbnail, unread=unread),
            redrawn=_asks_to_draw(job),
            checkpointed=checkpointed,
        )

    def check(self, lease: Lease) -> None:
        """Raise LeaseLostError or JobInterrupted when the work on a message must end now."""
        lease.check()
        stop = self.shutdown.stop
        if stop is not None and self.shutdown.now() >= stop.requeue_by:
            raise JobInterrupted(f"stopped by {stop.reason}")

    def _collect(
        self, run: ExtractionRun, document: OpenDocument, lease: Lease
    ) -> tuple[ReadingEnded, _BesidePages]:
        beside = _BesidePages()
        while True:
            event = run.next(_TICK_S)
            if isinstance(event, Page):
                self._count(event, is_copied=run.is_copied(event))
                document.add(event, is_complete=run.left <= 0)
                if event.ocr_s and self.shutdown.is_requested:
                    # The machine may go sooner than announced, and this thread has nothing else to do.
                    _save(document)
            elif isinstance(event, PreviewDone):
                beside = replace(beside, preview=event)
            elif isinstance(event, DocumentDetails):
                beside = replace(beside, codes=event.codes, properties=event.properties)
            elif isinstance(event, Member):
                # A process that replaces another says it again; what is known of one that was lost stays.
                beside.members.setdefault(event.first_page, event)
            elif isinstance(event, ReadingEnded):
                return event, beside
            self._handle_stop(run, document, lease)

    def _handle_stop(self, run: ExtractionRun, document: OpenDocument, lease: Lease) -> None:
        """On a stop begin only pages that can be finished; without any in progress save them and raise."""
        try:
            lease.check()
        except JobInterrupted:
            # Not for LeaseLostError: without the lease nothing may be written.
            _save(document)
            raise
        stop = self.shutdown.stop
        if stop is None:
            return
        left_s = stop.requeue_by - self.shutdown.now()
        if left_s <= 0 or (run.draining and not run.busy):
            _save(document)
            raise JobInterrupted(f"stopped by {stop.reason} with {run.left} pages to go")
        if not self._may_begin_page(run, document.mean_ocr_s, left_s, is_leaving=stop.is_leaving):
            run.drain()

    def _may_begin_page(self, run: ExtractionRun, page_s: float, left_s: float, *, is_leaving: bool) -> bool:
        """Whether the document, or where the machine goes away at least one more page, can be finished."""
        if math.ceil(run.left / self.sandbox.slots) * page_s <= left_s - _WRITE_S:
            return True
        return is_leaving and left_s - _WRITE_S > _PAGE_SPREAD * (page_s or _UNKNOWN_PAGE_S) + _TICK_S

    def _count(self, page: Page, *, is_copied: bool) -> None:
        self.metrics.pages_total.labels(source=page.source.value).inc()
        if is_copied:
            tally.count("pages_copied")
            return
        if page.ocr_s or page.ocr_cpu_s:
            # Of a page that timed out, too: its CPU time is spent.
            self.metrics.count_ocr(wall_s=page.ocr_s, cpu_s=page.ocr_cpu_s)
        if page.ocr_s or page.source.has_ocr_text:
            tally.count("pages_ocred")
            _log.info("page_ocred", page=page.number, language=page.language, seconds=round(page.ocr_s, 2))
            if page.unread:
                _log.warning("page_incomplete", page=page.number, unread=page.unread, message=page.message)
        elif page.source.is_failure:
            _log.warning(
                "page_failed",
                page=page.number,
                source=page.source.value,
                reason=page.reason,
                message=page.message,
            )


def _save(document: OpenDocument) -> None:
    try:
        document.save()
    except TransientError as error:
        # To requeue the message in time matters more than a page that is OCRed twice.
        _log.warning("checkpoint_failed", reason=str(error))


def _asks_to_draw(job: Job) -> bool:
    return job.rerun is not None and job.rerun.draws


def _to_extraction(
    file_type: FileType, pages: tuple[Page, ...], ended: ReadingEnded, beside: _BesidePages, folder: Path
) -> Extraction:
    code, message = ended.code, ended.message
    if code in (Code.UNAVAILABLE, Code.LOCAL_FAULT):
        raise_for(ended)
    if code in (Code.MISCONFIGURED, Code.PROGRAM_MISSING):
        # The document process is untrusted: its report must not stop a fleet, so check the machine itself.
        if any(shutil.which(program) is None for program in _PROGRAMS):
            raise_for(ended)
        code = Code.OCR_FAILED
    preview = beside.preview
    codes = [
        each.value for each in (code, *beside.codes, preview.code) if each is not None and each in UNREAD
    ]
    unread = unread_of(codes, pages)
    reason, missing = (code, message) if code is not None else reason_of(unread, pages)
    drawn = folder if preview.drawn else None
    return Extraction(
        file_type=file_type,
        pages=pages,
        reason=reason.value if reason is not None else None,
        reason_message=missing,
        thumbnail=_picture(drawn, THUMBNAIL_NAME),
        picture=_picture(drawn, PICTURE_NAME),
        unread=unread,
        properties=beside.properties,
        members=tuple(beside.members[first] for first in sorted(beside.members)),
    )


def _picture(folder: Path | None, name: str) -> bytes | None:
    """A picture that the child rendered, None if there is none or it is too large."""
    if folder is None:
        return None
    # The child can write anything into its folder: no symbolic link is followed, no pipe waited for.
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MAX_PICTURE_BYTES + 1)
    return data if len(data) <= _MAX_PICTURE_BYTES else None

"""Reading one downloaded file: its child is watched, its pages collected, and a stop obeyed.

On a stop the document is finished when its estimate fits before the give-back mark; else the pages in
hand are finished and checkpointed, and the job is requeued.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import structlog

from worker.aws.file_table import FileTable
from worker.delivery.heartbeat import Lease
from worker.document.artifacts import ArtifactStore
from worker.document.page_collector import PageCollector
from worker.errors import Code, JobInterrupted, RejectedError, TransientError
from worker.models.document import Extraction
from worker.models.file import FileType, LocalFile
from worker.models.ledger import Job
from worker.models.page import Page
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.sandbox.protocol import PICTURE_NAME, THUMBNAIL_NAME, ExtractionRequest, PreviewDone
from worker.sandbox.run_state import ReadingEnded
from worker.sandbox.scheduler import ExtractionRun, Sandbox, raise_for

_PROGRAMS = ("tesseract", "pdftoppm", "pdfinfo")
_TICK_S = 0.5
_WRITE_S = 3.0
_MAX_PICTURE_BYTES = 8 * 1024**2
_TOLD_PAGES = 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadResult:
    """What came of reading a file, and what there is to tidy up."""

    extraction: Extraction
    from_store: bool = False
    checkpointed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentReader:
    """Reads files in the sandbox; shared by all document threads."""

    sandbox: Sandbox
    store: ArtifactStore
    table: FileTable
    shutdown: Shutdown
    metrics: Metrics
    interruption_expected: Callable[[], bool]

    def read(self, job: Job, local: LocalFile, folder: Path, lease: Lease) -> ReadResult:
        """Everything that can be read of a file, from the store where its content was read before.

        Raises JobInterrupted (finished pages are checkpointed), LeaseLostError, MisconfiguredError.
        """
        name = PurePosixPath(job.message.display_path).name
        request = ExtractionRequest(path=Path(local.path), name=name, folder=folder)
        with self.sandbox.open(request) as run:
            try:
                file_type = run.detect(lambda: self.check(lease))
            except RejectedError as error:
                extraction = _rejected(FileType.UNSUPPORTED, error.code, str(error))
                return ReadResult(extraction=extraction, checkpointed=job.checkpoint is not None)
            stored = self.store.load(local.sha256, file_type)
            if stored is not None:
                _log.info("extraction_found", file_type=file_type.value, pages=len(stored.pages))
                return ReadResult(extraction=stored, from_store=True, checkpointed=job.checkpoint is not None)
            collector = PageCollector(
                job=job,
                version=local.version.version,
                store=self.store,
                table=self.table,
                interruption_expected=self.interruption_expected,
            )
            collector.restore()
            run.go(done=[page.number for page in collector.pages], hint=collector.hint)
            ended, drawn = self._collect(run, collector, lease)
        return ReadResult(
            extraction=_to_extraction(file_type, collector.pages, ended, folder if drawn else None),
            checkpointed=collector.saved_any or job.checkpoint is not None,
        )

    def check(self, lease: Lease) -> None:
        """Raise LeaseLostError or JobInterrupted when the work on a message must end now."""
        lease.check()
        stop = self.shutdown.stop
        if stop is not None and self.shutdown.now() >= stop.requeue_by:
            raise JobInterrupted(f"stopped by {stop.reason}")

    def _collect(
        self, run: ExtractionRun, collector: PageCollector, lease: Lease
    ) -> tuple[ReadingEnded, bool]:
        drawn = False
        while True:
            event = run.next(_TICK_S)
            if isinstance(event, Page):
                self._count(event)
                collector.add(event)
            elif isinstance(event, PreviewDone):
                drawn = event.drawn
            elif isinstance(event, ReadingEnded):
                return event, drawn
            self._obey(run, collector, lease)

    def _obey(self, run: ExtractionRun, collector: PageCollector, lease: Lease) -> None:
        try:
            lease.check()
        except JobInterrupted:
            _save(collector)
            raise
        stop = self.shutdown.stop
        if stop is None:
            return
        left_s = stop.requeue_by - self.shutdown.now()
        if left_s <= 0 or (run.draining and not run.busy):
            _save(collector)
            raise JobInterrupted(f"stopped by {stop.reason} with {run.left} pages to go")
        if run.left * collector.mean_ocr_s / self.sandbox.slots > left_s - _WRITE_S:
            run.drain()

    def _count(self, page: Page) -> None:
        self.metrics.pages_total.labels(source=page.source.value).inc()
        if page.ocr_s or page.source.recognised:
            self.metrics.ocr_seconds.inc(page.ocr_s)
            _log.info("page_ocred", page=page.number, language=page.language, seconds=round(page.ocr_s, 2))
        elif page.source.failed:
            _log.warning("page_failed", page=page.number, source=page.source.value, reason=page.reason)


def _save(collector: PageCollector) -> None:
    try:
        collector.save()
    except TransientError as error:
        # Giving the message back matters more than a page that must be read again.
        _log.warning("checkpoint_failed", reason=str(error))


def _rejected(file_type: FileType, code: Code, message: str) -> Extraction:
    return Extraction(file_type=file_type, reason=code.value, reason_message=message)


def _to_extraction(
    file_type: FileType, pages: tuple[Page, ...], ended: ReadingEnded, folder: Path | None
) -> Extraction:
    reason, message = ended.code, ended.message
    if reason is Code.UNAVAILABLE:
        raise_for(ended)
    if reason in (Code.MISCONFIGURED, Code.PROGRAM_MISSING):
        # One file must not stop a fleet by what its process says: only a look at the machine counts.
        if any(shutil.which(program) is None for program in _PROGRAMS):
            raise_for(ended)
        reason = Code.OCR_FAILED
    lacking = [page for page in pages if page.reason]
    if reason is None and lacking:
        lost = any(page.source.failed for page in lacking)
        some_text = any(page.text for page in pages)
        reason = Code.PAGES_FAILED if lost and some_text else Code(lacking[0].reason or Code.OCR_FAILED)
        told = [f"page {page.number} ({page.reason})" for page in lacking[:_TOLD_PAGES]]
        more = f" and {len(lacking) - _TOLD_PAGES} more" if len(lacking) > _TOLD_PAGES else ""
        message = f"not all read: {', '.join(told)}{more}"
    return Extraction(
        file_type=file_type,
        pages=pages,
        reason=reason.value if reason else None,
        reason_message=message,
        thumbnail=_picture(folder, THUMBNAIL_NAME),
        picture=_picture(folder, PICTURE_NAME),
    )


def _picture(folder: Path | None, name: str) -> bytes | None:
    """A picture the child drew; its folder is the child's to write in, so nothing there is trusted."""
    if folder is None:
        return None
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MAX_PICTURE_BYTES + 1)
    return data if len(data) <= _MAX_PICTURE_BYTES else None

"""PageCollector: the finished pages of one document, their checkpoints, the mean time of OCR."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from worker.aws.file_table import FileTable
from worker.document.artifacts import ArtifactStore
from worker.errors import TransientError
from worker.models.ledger import Checkpoint, Job
from worker.models.page import Page
from worker.runtime import tally
from worker.runtime.metrics import Metrics

# A kill without notice may repeat 30 s of OCR at most, the pages in progress included.
_CHECKPOINT_AFTER_OCR_S = 12.0
_INTERRUPTION_EXPECTED_AFTER_OCR_S = 3.0
_ANY_OCR_S = 0.001

_log = structlog.get_logger(__name__)


class PageCollector:
    """Finished pages of one job; unsaved ones are saved once their OCR took long enough."""

    def __init__(
        self,
        *,
        job: Job,
        version: str,
        store: ArtifactStore,
        table: FileTable,
        interruption_expected: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self._job = job
        self._version = version
        self._store = store
        self._table = table
        self._interruption_expected = interruption_expected
        self._metrics = metrics
        self._pages: dict[int, Page] = {}
        self._unsaved: list[Page] = []
        self._unsaved_ocr_s = 0.0
        self._is_saved = False
        self._parts = Checkpoint(version=version, extraction_key=store.extraction_key).parts
        self.restored = 0

    def restore(self) -> None:
        """Load the pages that an earlier attempt on the same version finished."""
        checkpoint = self._job.checkpoint
        if checkpoint is None or checkpoint.version != self._version:
            return
        if checkpoint.extraction_key != self._store.extraction_key:
            return
        pages = self._store.load_pages(checkpoint)
        self._pages = {page.number: page for page in pages}
        # A part that could not be loaded is dropped from the pointer; its pages are extracted again.
        known = set(self._pages)
        self._parts = tuple(part for part in checkpoint.parts if known.issuperset(part.pages))
        self.restored = len(pages)
        self._metrics.pages_taken_over.inc(len(pages))
        tally.count("pages_taken_over", len(pages))
        _log.info("checkpoint_restored", pages=len(pages))

    @property
    def pages(self) -> tuple[Page, ...]:
        """All finished pages in order."""
        return tuple(self._pages[number] for number in sorted(self._pages))

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a checkpoint to remove at the end."""
        return bool(self._parts)

    @property
    def hint(self) -> str | None:
        """The language of the last finished page that has one."""
        return next((page.language for page in reversed(self.pages) if page.language), None)

    @property
    def mean_ocr_s(self) -> float:
        """Mean wall time of the pages OCRed so far, 0 without any."""
        times = [page.ocr_s for page in self._pages.values() if page.ocr_s]
        return sum(times) / len(times) if times else 0.0

    def add(self, page: Page) -> None:
        """Add a page. Raises LeaseLostError when another attempt owns the file."""
        self._pages[page.number] = page
        self._unsaved.append(page)
        self._unsaved_ocr_s += page.ocr_s
        if self._unsaved_ocr_s >= self._limit_s():
            try:
                self.save()
            except TransientError as error:
                # The pages are still in memory; the next page tries again.
                _log.warning("checkpoint_failed", reason=str(error))

    def _limit_s(self) -> float:
        """How much OCR may be unsaved."""
        if self._job.is_suspect and not self._is_saved:
            # A page gained clears the strikes, so the first one is saved at once.
            return _ANY_OCR_S
        if self._job.is_suspect or self._interruption_expected():
            return _INTERRUPTION_EXPECTED_AFTER_OCR_S
        return _CHECKPOINT_AFTER_OCR_S

    def save(self) -> None:
        """Store the unsaved pages, then the pointer to them in the ledger."""
        if not self._unsaved:
            return
        part = self._store.save_part(self._job.claim.file_id, self._version, self._unsaved)
        parts = (*self._parts, part)
        self._table.save_checkpoint(
            self._job.claim,
            Checkpoint(version=self._version, extraction_key=self._store.extraction_key, parts=parts),
        )
        self._parts = parts
        self._is_saved = True
        self._unsaved, self._unsaved_ocr_s = [], 0.0
        self._metrics.pages_saved.inc(len(part.pages))
        _log.info("checkpoint_saved", pages=len(part.pages), parts=len(parts))

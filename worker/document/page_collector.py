"""PageCollector: the finished pages of one document, their checkpoints, the mean time of OCR.

A checkpoint is a part (the new pages), a manifest (all parts) and the ledger's pointer to the manifest, in
this order. It is written in the background, one at a time, and the next page is taken meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.aws.file_table import FileTable
from worker.document.artifacts import ArtifactStore
from worker.document.checkpoint_parts import parts_to_merge
from worker.document.uploads.upload_entry import UploadEntry, UploadState
from worker.errors import TransientError
from worker.models.ledger import CheckpointPart, Job
from worker.models.page import Page
from worker.runtime import tally
from worker.runtime.metrics import Metrics

# A kill without notice may repeat 30 s of OCR at most, the pages in progress included.
_CHECKPOINT_AFTER_OCR_S = 12.0
_INTERRUPTION_EXPECTED_AFTER_OCR_S = 3.0
_ANY_OCR_S = 0.001
# A stop keeps three times this for its requeues.
_SAVE_TIMEOUT_S = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Saving:
    """A checkpoint under way: its new pages, and the parts of the file once it is written."""

    entry: UploadEntry | None
    pages: tuple[Page, ...]
    parts: tuple[CheckpointPart, ...]


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
        self._parts: tuple[CheckpointPart, ...] = ()
        self._saving: _Saving | None = None
        self._has_objects = False
        self.restored = 0

    def restore(self) -> None:
        """Load the pages that an earlier attempt on the same version finished."""
        checkpoint = self._job.checkpoint
        if checkpoint is None or checkpoint.version != self._version:
            return
        if checkpoint.extraction_key != self._store.extraction_key:
            return
        self._has_objects = True
        for part in self._store.parts(checkpoint):
            pages = self._store.load_part(part)
            # A part that is missing or altered is listed no more; its pages are extracted again.
            if pages is not None:
                self._parts = (*self._parts, part)
                self._pages.update((page.number, page) for page in pages)
        self.restored = len(self._pages)
        self._metrics.pages_taken_over.inc(self.restored)
        tally.count("pages_taken_over", self.restored)
        _log.info("checkpoint_restored", pages=self.restored, parts=len(self._parts))

    @property
    def pages(self) -> tuple[Page, ...]:
        """All finished pages in order."""
        return tuple(self._pages[number] for number in sorted(self._pages))

    @property
    def has_checkpoint(self) -> bool:
        """Whether there may be objects of a checkpoint to remove at the end."""
        return self._has_objects

    @property
    def mean_ocr_s(self) -> float:
        """Mean wall time of the pages OCRed so far, 0 without any."""
        times = [page.ocr_s for page in self._pages.values() if page.ocr_s]
        return sum(times) / len(times) if times else 0.0

    def add(self, page: Page, *, is_complete: bool = False) -> None:
        """Add a page, and begin a checkpoint when one is due.

        Raises LeaseLostError when another attempt owns the file.
        """
        self._pages[page.number] = page
        self._unsaved.append(page)
        self._unsaved_ocr_s += page.ocr_s
        # With all pages there the artifact is stored next, and a checkpoint would be as late as that. But a
        # suspect file must show that it can be read before anything else is done with it.
        if is_complete and not self._job.is_suspect:
            return
        if self._unsaved_ocr_s >= self._limit_s():
            try:
                self._begin_save()
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
        """Store the unsaved pages, then the pointer to them in the ledger, and wait until that is done.

        Raises TransientError when it is not, LeaseLostError when another attempt owns the file.
        """
        # What was finished while a checkpoint was written is in another one.
        while self._saving is not None or self._unsaved:
            self._begin_save()
            self._finish_save()

    def close(self) -> None:
        """End the checkpoint under way, if any: the attempt is over, or about to write its result."""
        saving, uploader = self._saving, self._store.uploader
        if saving is None or saving.entry is None or uploader is None:
            return
        uploader.cancel(saving.entry, timeout_s=_SAVE_TIMEOUT_S)
        if saving.entry.state is UploadState.SAVED:
            self._take_result(saving)

    def _begin_save(self) -> None:
        """Begin a checkpoint of the unsaved pages, unless one is under way. Raises the error of the last."""
        if self._is_saving() or not self._unsaved:
            return
        # An interruption leaves no time to write many pages again.
        merged = parts_to_merge(self._parts, in_haste=self._interruption_expected())
        numbers = {page.number for page in self._unsaved}.union(*(part.pages for part in merged))
        file_id, store = self._job.claim.file_id, self._store
        part, pages = store.part_of(file_id, self._version, [self._pages[n] for n in sorted(numbers)])
        parts = (*(each for each in self._parts if each not in merged), part)
        checkpoint, manifest = store.checkpoint_of(file_id, self._version, parts)
        self._has_objects = True
        claim, count = self._job.claim, len(self._unsaved)

        def point() -> None:
            self._table.save_checkpoint(claim, checkpoint)
            self._metrics.pages_saved.inc(count)
            _log.info("checkpoint_saved", pages=count, parts=len(parts))

        entry = store.submit((pages, manifest), after=point)
        saving = _Saving(entry=entry, pages=tuple(self._unsaved), parts=parts)
        self._unsaved, self._unsaved_ocr_s = [], 0.0
        if entry is None:
            self._take_result(saving)
        else:
            self._saving = saving

    def _is_saving(self) -> bool:
        """Whether a checkpoint is under way; the result of one that ended is taken. Raises its error."""
        saving, uploader = self._saving, self._store.uploader
        if saving is None or saving.entry is None or uploader is None:
            return False
        entry = saving.entry
        # One that failed and waits for its next try is replaced by one that has the pages since then, too.
        if not entry.is_over and not (entry.tries and uploader.cancel(entry)):
            return True
        self._saving = None
        if entry.state is UploadState.SAVED:
            self._take_result(saving)
            return False
        self._unsaved = [*saving.pages, *self._unsaved]
        self._unsaved_ocr_s = sum(page.ocr_s for page in self._unsaved)
        if entry.state is UploadState.FAILED and entry.error is not None:
            raise entry.error
        return False

    def _take_result(self, saving: _Saving) -> None:
        self._saving = None
        self._parts, self._is_saved = saving.parts, True

    def _finish_save(self) -> None:
        """Wait for the checkpoint under way. Raises its error."""
        saving, uploader = self._saving, self._store.uploader
        if saving is None or saving.entry is None or uploader is None:
            return
        uploader.wait(saving.entry, timeout_s=_SAVE_TIMEOUT_S)
        self._is_saving()

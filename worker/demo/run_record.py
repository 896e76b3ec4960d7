"""The record of a demo run, from which checks and page are made.

Times are seconds since the demo started. Worker 1 is interrupted, worker 2 replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from worker.aws.ledger_row import FileRow
from worker.demo.page_pictures import PagePicture
from worker.index.search_index import SearchHit
from worker.models.document import Document
from worker.models.page import Page
from worker.samples.write import Sample


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRead:
    """One page that one worker OCRed, by its log: it took `took_s` and ended at `at_s`."""

    worker: int
    file_id: str
    page: int
    took_s: float
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerRun:
    """The life of one worker process; `exit_code` None means that it did not exit.

    `requeued` counts messages, `restored_pages` the pages of the scan from a checkpoint.
    """

    number: int
    started_s: float
    ready_s: float | None = None
    noticed_s: float | None = None
    stopped_s: float | None = None
    exit_code: int | None = None
    requeued: int = 0
    restored_pages: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoDocument:
    """One sample, its ledger row, and its document in the index.

    `similarities` are those of its pages to the true text (0..1); `took_s` is from upload to commit,
    None when it did not end. `thumbnail` is WebP. `stored_pages` are those of the artifact, which have their
    words; `picture` is the first of them.
    """

    sample: Sample
    file_id: str
    row: FileRow | None = None
    document: Document | None = None
    similarities: tuple[float, ...] = ()
    took_s: float | None = None
    thumbnail: bytes | None = None
    stored_pages: tuple[Page, ...] = ()
    picture: PagePicture | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.sample.path.name

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages in the index."""
        return self.document.pages if self.document else ()

    @property
    def ocr_pages(self) -> frozenset[int]:
        """Numbers of the pages with text from OCR."""
        return frozenset(page.number for page in self.pages if page.source.has_ocr_text)

    @property
    def similarity(self) -> float | None:
        """Mean similarity of its pages, None where there is nothing to compare."""
        return sum(self.similarities) / len(self.similarities) if self.similarities else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """One query, the hit that must be first, and the hits; page None is any page.

    `picture` is the page of the first hit, where it can be drawn.
    """

    query: str
    expected_file: str
    expected_page: int | None = None
    hits: tuple[SearchHit, ...] = ()
    total: int = 0
    picture: PagePicture | None = None

    @property
    def is_found(self) -> bool:
        """Whether the expected page is the first hit."""
        if not self.hits:
            return False
        first = self.hits[0]
        page_fits = first.page > 0 if self.expected_page is None else first.page == self.expected_page
        return first.file_name == self.expected_file and page_fits

    @property
    def expectation(self) -> str:
        """The expected hit, in words."""
        page = f" page {self.expected_page}" if self.expected_page else ""
        return f"{self.expected_file}{page}"


class Severity(StrEnum):
    """How an event is displayed."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened during the run, as a sentence."""

    at_s: float
    text: str
    severity: Severity = Severity.PLAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """Everything that is checked of a run. `waiting` and `dead_letters` count messages at the end.

    `notice_s` is when the Spot notice was sent, None if it was not, and `notice_in_s` the time it left.
    """

    documents: tuple[DemoDocument, ...]
    rows: tuple[FileRow, ...]
    reads: tuple[PageRead, ...]
    workers: tuple[WorkerRun, ...]
    searches: tuple[Search, ...]
    waiting: int
    dead_letters: int
    scan_id: str
    notice_s: float | None
    notice_in_s: float | None
    took_s: float
    events: tuple[Event, ...] = ()

    @property
    def scan(self) -> DemoDocument | None:
        """The document that is interrupted."""
        return next((document for document in self.documents if document.file_id == self.scan_id), None)

    @property
    def scan_pages(self) -> int:
        """How many pages the scan has."""
        return self.scan.sample.pages if self.scan else 0

    @property
    def scan_reads(self) -> tuple[PageRead, ...]:
        """The OCRed pages of the scan."""
        return tuple(read for read in self.reads if read.file_id == self.scan_id)

    def scan_pages_by(self, worker: int) -> int:
        """How many pages of the scan a worker OCRed."""
        return sum(read.worker == worker for read in self.scan_reads)

    def worker(self, number: int) -> WorkerRun | None:
        """The run of a worker, None if there was none."""
        return next((run for run in self.workers if run.number == number), None)

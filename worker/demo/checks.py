"""The checks of a demo run: pure functions of its record, so that a test can show that each can fail."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from dataclasses import dataclass

from worker.demo.run_record import DemoDocument, RunRecord, Search
from worker.models.file import FileType

_FIRST, _SECOND = 1, 2
# Text that is stored in a file must be extracted unchanged. OCR may get a few characters wrong: Tesseract
# reaches 0.9 and more on our scans, and less on a photo or between the lines of a drawing.
_MIN_STORED = 0.95
_MIN_SCAN = 0.8
_MIN_PICTURE = 0.6
_PAGED = (FileType.PDF, FileType.TIFF)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoCheck:
    """One claim, whether it holds, and the figures behind it."""

    name: str
    claim: str
    passed: bool
    detail: str


def check_all(record: RunRecord) -> tuple[DemoCheck, ...]:
    """All checks of a run, the most important first."""
    return (
        _check_rows(record),
        _check_states(record),
        _check_interruption(record),
        _check_resumption(record),
        _check_pages(record),
        _check_queues(record),
        _check_texts(record),
        _check_searches(record),
        _check_workers(record),
    )


def similarity(truth: str, text: str) -> float:
    """The similarity of two texts, 0..1, without regard to white space and character width (NFKC)."""
    # Autojunk ignores frequent characters, which are most of a Japanese text.
    return difflib.SequenceMatcher(None, _fold(truth), _fold(text), autojunk=False).ratio()


def page_similarities(document: DemoDocument) -> tuple[float, ...]:
    """The similarity of each page to its true text; a page that is missing is 0."""
    texts = {page.number: page.text for page in document.pages}
    truths = enumerate(document.sample.page_truths, start=1)
    return tuple(similarity(truth, texts.get(number, "")) for number, truth in truths)


def min_similarity(document: DemoDocument) -> float:
    """The similarity a document must reach."""
    if not document.ocr_pages:
        return _MIN_STORED
    return _MIN_SCAN if document.sample.file_type in _PAGED else _MIN_PICTURE


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _check(name: str, claim: str, faults: list[str], figures: str) -> DemoCheck:
    return DemoCheck(name=name, claim=claim, passed=not faults, detail="; ".join(faults) or figures)


def _check_rows(record: RunRecord) -> DemoCheck:
    rows = Counter(row.file_id for row in record.rows)
    known = {document.file_id for document in record.documents}
    faults = [] if known else ["nothing was uploaded"]
    for document in record.documents:
        if rows[document.file_id] != 1:
            faults.append(f"{document.name} has {rows[document.file_id]} rows")
        elif document.row is None or not document.row.is_finished:
            faults.append(f"{document.name} is unfinished")
    faults += [f"{row.file_path} was never uploaded" for row in record.rows if row.file_id not in known]
    return _check(
        "nothing_lost",
        "Every uploaded file has exactly one ledger row, in an end state",
        faults,
        f"{len(record.documents)} files, {len(record.rows)} rows, none unfinished",
    )


def _check_states(record: RunRecord) -> DemoCheck:
    reasons = [d.sample.reason.value for d in record.documents if d.sample.reason]
    return _check(
        "states_as_expected",
        "Each file ended with the expected state, reason and pages",
        [
            f"{document.name} is {_actual_end(document)} instead of {_expected_end(document)}"
            for document in record.documents
            if _actual_end(document) != _expected_end(document)
        ],
        f"{len(record.documents) - len(reasons)} indexed; by name only: {', '.join(reasons) or 'none'}",
    )


def _actual_end(document: DemoDocument) -> str:
    if document.row is None:
        return "nowhere"
    numbers = [page.number for page in document.pages]
    return _describe_end(document.row.state.value, document.row.reason, numbers)


def _expected_end(document: DemoDocument) -> str:
    sample = document.sample
    reason = sample.reason.value if sample.reason else None
    return _describe_end(sample.state.value, reason, list(range(1, sample.pages + 1)))


def _describe_end(state: str, reason: str | None, pages: list[int]) -> str:
    return f"{state}{f' ({reason})' if reason else ''} with pages {pages}"


def _check_interruption(record: RunRecord) -> DemoCheck:
    first, done = record.worker(_FIRST), record.scan_pages_by(_FIRST)
    faults = []
    if record.notice_s is None:
        faults.append("no Spot notice was sent before the scan was finished")
    elif first is None or first.noticed_s is None:
        faults.append("worker 1 did not see the Spot notice")
    if not 0 < done < record.scan_pages:
        faults.append(f"worker 1 read {done} of {record.scan_pages} pages, which is not the middle")
    if first is not None and first.exit_code != 0:
        faults.append(f"worker 1 exited with status {first.exit_code}")
    requeued = first.requeued if first else 0
    if not requeued:
        faults.append("worker 1 requeued nothing")
    return _check(
        "interrupted_in_the_middle",
        "The Spot notice hit worker 1 in the middle of the scan; it requeued and exited with status 0",
        faults,
        f"{done} of {record.scan_pages} pages read, messages requeued: {requeued}",
    )


def _check_resumption(record: RunRecord) -> DemoCheck:
    first, second = record.scan_pages_by(_FIRST), record.scan_pages_by(_SECOND)
    run = record.worker(_SECOND)
    restored = run.restored_pages if run else 0
    faults = []
    if not restored or restored != first:
        faults.append(f"worker 2 restored {restored} pages, worker 1 had read {first}")
    if first + second != record.scan_pages:
        faults.append(f"{first} and {second} pages do not make {record.scan_pages}")
    return _check(
        "went_on_where_it_stopped",
        "Worker 2 restored the finished pages and read only the others",
        faults,
        f"worker 1 read {first} pages, worker 2 the other {second}",
    )


def _check_pages(record: RunRecord) -> DemoCheck:
    reads = Counter((read.file_id, read.page) for read in record.reads)
    faults = [] if reads else ["no page was OCRed"]
    for document in record.documents:
        for number in range(1, document.sample.pages + 1):
            times = reads[document.file_id, number]
            if times > 1:
                faults.append(f"{document.name} page {number} was OCRed {times} times")
            elif not times and (number in document.ocr_pages or document.file_id == record.scan_id):
                faults.append(f"{document.name} page {number} was OCRed by no worker")
    return _check(
        "no_page_twice",
        "Every page that needed OCR was OCRed exactly once, over both workers",
        faults,
        f"{len(record.reads)} OCR runs on {len(reads)} pages",
    )


def _check_queues(record: RunRecord) -> DemoCheck:
    faults = []
    if record.waiting:
        faults.append(f"{record.waiting} messages are left in the queue")
    if record.dead_letters:
        faults.append(f"{record.dead_letters} messages are in the dead-letter queue")
    return _check(
        "queues_empty",
        "Nothing is left in the queue, and nothing went to the dead-letter queue",
        faults,
        "queue 0, dead-letter queue 0",
    )


def _check_texts(record: RunRecord) -> DemoCheck:
    compared = [(d, d.similarity) for d in record.documents if d.similarity is not None]
    faults = [
        f"{document.name}: {similarity:.3f} is below {min_similarity(document)}"
        for document, similarity in compared
        if similarity < min_similarity(document)
    ]
    if not compared:
        faults.append("there is no text to compare")
    return _check(
        "text_is_true",
        "The extracted text is the text that was written into the files",
        faults,
        f"similarity {min((s for _, s in compared), default=0.0):.3f} or better in {len(compared)} files",
    )


def _check_searches(record: RunRecord) -> DemoCheck:
    faults = [
        f"{search.query} finds {_first_hit(search)} first instead of {search.expectation}"
        for search in record.searches
        if not search.is_found
    ]
    if not record.searches:
        faults.append("nothing was searched")
    return _check(
        "searches_find",
        "Each search finds the right page of the right file first",
        faults,
        ", ".join(search.query for search in record.searches),
    )


def _first_hit(search: Search) -> str:
    return f"{search.hits[0].file_name} page {search.hits[0].page}" if search.hits else "nothing"


def _check_workers(record: RunRecord) -> DemoCheck:
    codes = {run.number: run.exit_code for run in record.workers}
    faults = [f"worker {number} exited with status {code}" for number, code in codes.items() if code != 0]
    if set(codes) != {_FIRST, _SECOND}:
        faults.append(f"{len(codes)} workers ran")
    return _check(
        "workers_ended",
        "Both workers exited by themselves, with status 0",
        faults,
        "worker 1: 0, worker 2: 0",
    )

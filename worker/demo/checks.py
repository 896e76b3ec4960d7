"""The proof of the demo: each check looks at the facts and says what it found.

All are pure functions of the facts, so that a test can show that each of them is able to fail.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from dataclasses import dataclass

from worker.demo.run_record import DemoDocument, RunRecord, Search
from worker.models.file import FileType

_FIRST, _SECOND = 1, 2
# What a file stores as text must come out as it is. Recognised text may hold a few wrong characters:
# Tesseract gets 0.9 and more right on our scans, and less on a photo or between a drawing's lines.
_LEAST_STORED = 0.95
_LEAST_SCANNED = 0.8
_LEAST_PICTURED = 0.6
_PAGED = (FileType.PDF, FileType.TIFF)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One claim, whether it holds, and the figures that say so."""

    name: str
    claim: str
    passed: bool
    detail: str


def check_all(record: RunRecord) -> tuple[Check, ...]:
    """Judge a run, in the order in which a reader asks."""
    return (
        _nothing_lost(record),
        _as_expected(record),
        _interrupted(record),
        _went_on(record),
        _no_page_twice(record),
        _queues_empty(record),
        _text_is_true(record),
        _searches_find(record),
        _workers_ended(record),
    )


def similarity(truth: str, text: str) -> float:
    """How alike two texts are, 0..1, apart from white space and width of characters (NFKC)."""
    return difflib.SequenceMatcher(None, _folded(truth), _folded(text), autojunk=False).ratio()


def page_similarities(document: DemoDocument) -> tuple[float, ...]:
    """The similarity of each page to its true text; a page that is missing is 0."""
    texts = {page.number: page.text for page in document.pages}
    truths = enumerate(document.sample.page_truths, start=1)
    return tuple(similarity(truth, texts.get(number, "")) for number, truth in truths)


def least_similarity(document: DemoDocument) -> float:
    """The similarity a document must reach."""
    if not document.recognised:
        return _LEAST_STORED
    return _LEAST_SCANNED if document.sample.file_type in _PAGED else _LEAST_PICTURED


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _check(name: str, claim: str, wrong: list[str], figures: str) -> Check:
    return Check(name=name, claim=claim, passed=not wrong, detail="; ".join(wrong) or figures)


def _nothing_lost(record: RunRecord) -> Check:
    rows = Counter(row.file_id for row in record.rows)
    known = {document.file_id for document in record.documents}
    wrong = [] if known else ["nothing was uploaded"]
    for document in record.documents:
        if rows[document.file_id] != 1:
            wrong.append(f"{document.name} has {rows[document.file_id]} rows")
        elif document.row is None or not document.row.is_finished:
            wrong.append(f"{document.name} is unfinished")
    wrong += [f"{row.file_path} was never uploaded" for row in record.rows if row.file_id not in known]
    return _check(
        "nothing_lost",
        "Every uploaded file has exactly one ledger row, in an end state",
        wrong,
        f"{len(record.documents)} files, {len(record.rows)} rows, none unfinished",
    )


def _as_expected(record: RunRecord) -> Check:
    reasons = [d.sample.reason.value for d in record.documents if d.sample.reason]
    return _check(
        "states_as_expected",
        "Each file ended with the state, the reason and the pages that it should",
        [
            f"{document.name} is {_ended(document)} instead of {_expected(document)}"
            for document in record.documents
            if _ended(document) != _expected(document)
        ],
        f"{len(record.documents) - len(reasons)} indexed; by name only: {', '.join(reasons) or 'none'}",
    )


def _ended(document: DemoDocument) -> str:
    if document.row is None:
        return "nowhere"
    numbers = [page.number for page in document.pages]
    return _in_words(document.row.state.value, document.row.reason, numbers)


def _expected(document: DemoDocument) -> str:
    sample = document.sample
    reason = sample.reason.value if sample.reason else None
    return _in_words(sample.state.value, reason, list(range(1, sample.pages + 1)))


def _in_words(state: str, reason: str | None, pages: list[int]) -> str:
    return f"{state}{f' ({reason})' if reason else ''} with pages {pages}"


def _interrupted(record: RunRecord) -> Check:
    first, done = record.worker(_FIRST), record.scan_pages_by(_FIRST)
    wrong = []
    if record.notice_s is None:
        wrong.append("no Spot notice was sent before the scan was finished")
    elif first is None or first.noticed_s is None:
        wrong.append("worker 1 did not see the Spot notice")
    if not 0 < done < record.scan_pages:
        wrong.append(f"worker 1 read {done} of {record.scan_pages} pages, which is not the middle")
    if first is not None and first.exit_code != 0:
        wrong.append(f"worker 1 left with status {first.exit_code}")
    gave_back = first.gave_back if first else 0
    if not gave_back:
        wrong.append("worker 1 gave nothing back")
    return _check(
        "interrupted_in_the_middle",
        "The Spot notice hit worker 1 in the middle of the scan; it requeued and left with status 0",
        wrong,
        f"{done} of {record.scan_pages} pages read, messages requeued: {gave_back}",
    )


def _went_on(record: RunRecord) -> Check:
    first, second = record.scan_pages_by(_FIRST), record.scan_pages_by(_SECOND)
    run = record.worker(_SECOND)
    restored = run.restored_pages if run else 0
    wrong = []
    if not restored or restored != first:
        wrong.append(f"worker 2 took over {restored} pages, worker 1 had read {first}")
    if first + second != record.scan_pages:
        wrong.append(f"{first} and {second} pages do not make {record.scan_pages}")
    return _check(
        "went_on_where_it_stopped",
        "Worker 2 took the finished pages over and read only the others",
        wrong,
        f"worker 1 read {first} pages, worker 2 the other {second}",
    )


def _no_page_twice(record: RunRecord) -> Check:
    reads = Counter((read.file_id, read.page) for read in record.reads)
    wrong = [] if reads else ["no page was recognised"]
    for document in record.documents:
        for number in range(1, document.sample.pages + 1):
            times = reads[document.file_id, number]
            if times > 1:
                wrong.append(f"{document.name} page {number} was recognised {times} times")
            elif not times and (number in document.recognised or document.file_id == record.scan_id):
                wrong.append(f"{document.name} page {number} was recognised by no worker")
    return _check(
        "no_page_twice",
        "Every page that needed recognition was recognised exactly once, over both workers",
        wrong,
        f"{len(record.reads)} recognitions of {len(reads)} pages",
    )


def _queues_empty(record: RunRecord) -> Check:
    wrong = []
    if record.waiting:
        wrong.append(f"{record.waiting} messages are left in the queue")
    if record.dead_letters:
        wrong.append(f"{record.dead_letters} messages are in the dead-letter queue")
    return _check(
        "queues_empty",
        "Nothing is left in the queue, and nothing went to the dead-letter queue",
        wrong,
        "queue 0, dead-letter queue 0",
    )


def _text_is_true(record: RunRecord) -> Check:
    judged = [(d, d.similarity) for d in record.documents if d.similarity is not None]
    wrong = [
        f"{document.name}: {likeness:.3f}, at least {least_similarity(document)} is asked"
        for document, likeness in judged
        if likeness < least_similarity(document)
    ]
    if not judged:
        wrong.append("there is no text to compare")
    return _check(
        "text_is_true",
        "The text that was read is the text that was written",
        wrong,
        f"similarity {min((s for _, s in judged), default=0.0):.3f} or better in {len(judged)} files",
    )


def _searches_find(record: RunRecord) -> Check:
    wrong = [
        f"{search.query} finds {_first_hit(search)} first instead of {search.expected}"
        for search in record.searches
        if not search.found
    ]
    if not record.searches:
        wrong.append("nothing was searched")
    return _check(
        "searches_find",
        "Each search finds the right page of the right file first",
        wrong,
        ", ".join(search.query for search in record.searches),
    )


def _first_hit(search: Search) -> str:
    return f"{search.hits[0].file_name} page {search.hits[0].page}" if search.hits else "nothing"


def _workers_ended(record: RunRecord) -> Check:
    codes = {run.number: run.exit_code for run in record.workers}
    wrong = [f"worker {number} left with status {code}" for number, code in codes.items() if code != 0]
    if set(codes) != {_FIRST, _SECOND}:
        wrong.append(f"{len(codes)} workers ran")
    return _check(
        "workers_ended", "Both workers ended by themselves, with status 0", wrong, "worker 1: 0, worker 2: 0"
    )

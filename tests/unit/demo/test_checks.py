from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from worker.aws.ledger_row import FileRow
from worker.demo.checks import check_all, min_similarity, page_similarities, similarity
from worker.demo.run_record import DemoDocument, PageRead, RunRecord, Search, WorkerRun
from worker.errors import Code
from worker.index.search_index import SearchHit
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource
from worker.samples.write import Sample

pytestmark = pytest.mark.unit


def a_document(
    name: str, *, pages: int = 1, source: TextSource = TextSource.OCR, reason: Code | None = None
) -> DemoDocument:
    state = State.NO_CONTENT if reason else State.INDEXED
    read = tuple(Page(number=n, text=f"page {n}", source=source) for n in range(1, pages + 1))
    sample = Sample(
        path=Path(name),
        kind="report",
        file_type=FileType.PDF,
        page_truths=tuple(page.text for page in read),
        state=state,
        reason=reason,
    )
    document = Document(
        file_id=name,
        bucket="b",
        key=name,
        file_name=name,
        file_path=name,
        size_bytes=1,
        file_type=FileType.PDF,
        state=state,
        pages=read,
        reason=reason,
    )
    row = FileRow(file_id=name, fence=1, state=state, reason=reason, pages=pages)
    demo = DemoDocument(sample=sample, file_id=name, row=row, document=document, took_s=1.0)
    return replace(demo, similarities=page_similarities(demo))


def reads(file_id: str, worker: int, *pages: int) -> tuple[PageRead, ...]:
    return tuple(PageRead(worker=worker, file_id=file_id, page=page, took_s=1.0, at_s=9.0) for page in pages)


def a_search(page: int = 1) -> Search:
    hit = SearchHit(file_id="scan", file_name="scan", file_path="scan", page=page, snippet="[[x]]", score=1.0)
    return Search(query="x", expected_file="scan", expected_page=1, hits=(hit,), total=1)


def a_good_run() -> RunRecord:
    documents = (
        a_document("scan", pages=4),
        a_document("letter", source=TextSource.TEXT_LAYER),
        a_document("locked", pages=0, reason=Code.ENCRYPTED),
    )
    return RunRecord(
        documents=documents,
        rows=tuple(document.row for document in documents if document.row),
        reads=reads("scan", 1, 1, 2) + reads("scan", 2, 3, 4),
        workers=(
            WorkerRun(number=1, started_s=0, noticed_s=5, exit_code=0, requeued=1),
            WorkerRun(number=2, started_s=8, exit_code=0, restored_pages=2),
        ),
        searches=(a_search(),),
        waiting=0,
        dead_letters=0,
        scan_id="scan",
        notice_s=4.0,
        notice_in_s=6.0,
        took_s=12.0,
    )


def failed(record: RunRecord) -> set[str]:
    return {check.name for check in check_all(record) if not check.passed}


def with_row(record: RunRecord, name: str, **changes: object) -> RunRecord:
    def changed(row: FileRow) -> FileRow:
        return replace(row, **changes) if row.file_id == name else row  # type: ignore[arg-type]

    documents = tuple(replace(d, row=changed(d.row)) if d.row else d for d in record.documents)
    return replace(record, documents=documents, rows=tuple(map(changed, record.rows)))


def with_worker(record: RunRecord, number: int, **changes: object) -> RunRecord:
    workers = tuple(
        replace(run, **changes) if run.number == number else run  # type: ignore[arg-type]
        for run in record.workers
    )
    return replace(record, workers=workers)


def without_document(record: RunRecord) -> RunRecord:
    first, *others = record.documents
    return replace(
        record,
        documents=(replace(first, row=None, document=None, similarities=(0.0,)), *others),
        rows=record.rows[1:],
    )


def with_wrong_text(record: RunRecord) -> RunRecord:
    first, *others = record.documents
    return replace(record, documents=(replace(first, similarities=(0.79,) * 4), *others))


def test_a_good_run_passes_every_check() -> None:
    assert failed(a_good_run()) == set()


BROKEN: tuple[tuple[str, Callable[[RunRecord], RunRecord], set[str]], ...] = (
    (
        "a document is missing",
        without_document,
        {"nothing_lost", "states_as_expected", "text_is_true"},
    ),
    ("a file has two rows", lambda f: replace(f, rows=(*f.rows, f.rows[1])), {"nothing_lost"}),
    (
        "there is a row of nothing that was uploaded",
        lambda f: replace(f, rows=(*f.rows, FileRow(file_id="?", fence=1, state=State.INDEXED))),
        {"nothing_lost"},
    ),
    (
        "a file is unfinished",
        lambda f: with_row(f, "letter", state=State.PROCESSING),
        {"nothing_lost", "states_as_expected"},
    ),
    ("a reason is wrong", lambda f: with_row(f, "locked", reason="corrupt"), {"states_as_expected"}),
    (
        "a page was read twice",
        lambda f: replace(f, reads=f.reads + reads("scan", 2, 2)),
        {"no_page_twice", "went_on_where_it_stopped"},
    ),
    (
        "another file's page was read twice",
        lambda f: replace(f, reads=f.reads + reads("letter", 1, 1) + reads("letter", 2, 1)),
        {"no_page_twice"},
    ),
    (
        "a page was read by no worker",
        lambda f: replace(f, reads=f.reads[:-1]),
        {"no_page_twice", "went_on_where_it_stopped"},
    ),
    (
        "worker 1 finished the scan",
        lambda f: replace(f, reads=reads("scan", 1, 1, 2, 3, 4), notice_s=None),
        {"interrupted_in_the_middle", "went_on_where_it_stopped"},
    ),
    ("the notice was not seen", lambda f: with_worker(f, 1, noticed_s=None), {"interrupted_in_the_middle"}),
    ("nothing was requeued", lambda f: with_worker(f, 1, requeued=0), {"interrupted_in_the_middle"}),
    (
        "worker 1 crashed",
        lambda f: with_worker(f, 1, exit_code=-9),
        {"interrupted_in_the_middle", "workers_ended"},
    ),
    ("the checkpoint was lost", lambda f: with_worker(f, 2, restored_pages=0), {"went_on_where_it_stopped"}),
    ("worker 2 had to be killed", lambda f: with_worker(f, 2, exit_code=None), {"workers_ended"}),
    (
        "no replacement ran",
        lambda f: replace(f, workers=f.workers[:1]),
        {"workers_ended", "went_on_where_it_stopped"},
    ),
    ("a message is left", lambda f: replace(f, waiting=1), {"queues_empty"}),
    ("a message is dead", lambda f: replace(f, dead_letters=1), {"queues_empty"}),
    ("the text is wrong", with_wrong_text, {"text_is_true"}),
    (
        "a search finds nothing",
        lambda f: replace(f, searches=(replace(a_search(), hits=()),)),
        {"searches_find"},
    ),
    ("a search finds another page", lambda f: replace(f, searches=(a_search(page=2),)), {"searches_find"}),
    ("nothing was searched", lambda f: replace(f, searches=()), {"searches_find"}),
)


@pytest.mark.parametrize(("spoil", "names"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_check_fails_when(spoil: Callable[[RunRecord], RunRecord], names: set[str]) -> None:
    assert failed(spoil(a_good_run())) == names


def test_a_failed_check_names_the_page_that_was_read_twice() -> None:
    record = a_good_run()
    twice = replace(record, reads=record.reads + reads("scan", 2, 2))

    check = next(check for check in check_all(twice) if check.name == "no_page_twice")

    assert check.detail == "scan page 2 was OCRed 2 times"


def test_a_run_without_anything_passes_nothing_it_could_prove() -> None:
    nothing = replace(a_good_run(), documents=(), rows=(), reads=(), workers=(), searches=(), notice_s=None)

    assert failed(nothing) >= {
        "nothing_lost",
        "no_page_twice",
        "text_is_true",
        "searches_find",
        "workers_ended",
    }


@pytest.mark.parametrize(
    ("truth", "text", "expected"),
    [
        ("営業 報告", "営業\n報告", 1.0),
        ("ＡＢＣ", "ABC", 1.0),
        ("abcd", "abXd", 0.75),
        ("abcd", "", 0.0),
    ],
)
def test_similarity_counts_characters_and_no_white_space(truth: str, text: str, expected: float) -> None:
    assert similarity(truth, text) == expected


def test_a_page_that_is_missing_is_not_similar_at_all() -> None:
    document = a_document("scan", pages=2)
    assert document.document is not None
    short = replace(document, document=replace(document.document, pages=document.pages[:1]))

    assert page_similarities(short) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("source", "file_type", "least"),
    [
        (TextSource.TEXT_LAYER, FileType.PDF, 0.95),
        (TextSource.FILE, FileType.DOCX, 0.95),
        (TextSource.OCR, FileType.PDF, 0.8),
        (TextSource.OCR, FileType.JPEG, 0.6),
    ],
)
def test_stored_text_must_be_more_similar_than_ocred_text(
    source: TextSource, file_type: FileType, least: float
) -> None:
    document = a_document("file", source=source)

    assert min_similarity(replace(document, sample=replace(document.sample, file_type=file_type))) == least

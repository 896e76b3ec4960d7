"""The bookkeeping of one document: crashes, retries, time-outs, and when it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.stand_ins.document_run import LIMITS, PDF, DocumentRun, needs_ocr, page
from worker.errors import Code
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.channel import ProtocolError
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import (
    NOT_FORKED,
    AllPagesListed,
    BeginReading,
    DocumentOpened,
    FromDocumentProcess,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    PreviewDone,
    ReadingFailed,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def document() -> Iterator[DocumentRun]:
    run = DocumentRun()
    yield run
    run.close()


def test_the_type_is_reported_and_reading_waits_for_go(document: DocumentRun) -> None:
    document.receive(PDF)
    assert document.events() == [FileType.PDF]
    document.state.go(done=[page(2).page], preview=True)
    assert document.sent() == [BeginReading(skip=(2,), preview=True)]


def test_it_ends_when_every_page_and_the_preview_came(document: DocumentRun) -> None:
    document.list_pages(2, ocr=[2], preview=True)
    assert document.permit() == 2
    document.receive(page(2))
    assert ReadingEnded() not in document.events()
    document.receive(PreviewDone(drawn=True))
    assert document.events() == [PreviewDone(drawn=True), ReadingEnded()]


def test_the_language_of_the_first_page_rides_on_the_next_permit(document: DocumentRun) -> None:
    document.list_pages(2, ocr=[1, 2])
    document.permit()
    assert document.state.next_permit() is None
    document.receive(page(1, language="eng"))
    document.permit()
    assert document.sent()[1:] == [OcrPage(page=1, hint=None), OcrPage(page=2, hint="eng")]


def test_pages_in_a_child_that_dies_are_tried_again_one_at_a_time(document: DocumentRun) -> None:
    document.list_pages(4, ocr=[1, 2, 3, 4])
    document.permit()
    document.receive(page(1))
    document.permit()
    document.permit()
    assert document.state.on_exit(-signal.SIGSEGV)
    document.begin()
    document.list_pages(4, ocr=[2, 3, 4])
    assert document.permit() == 2
    assert document.state.next_permit() is None
    document.receive(page(2))
    assert document.permit() == 3


def test_a_page_that_lacked_memory_beside_others_is_read_again_alone(document: DocumentRun) -> None:
    document.list_pages(3, ocr=[1, 2, 3])
    document.permit()
    document.receive(page(1))
    document.permit()
    document.permit()
    lost = Page(number=2, text="", source=TextSource.FAILED, reason="memory")
    document.receive(PageExtracted(page=lost))
    document.receive(page(3))
    assert document.permit() == 2
    document.receive(PageExtracted(page=lost))
    assert document.events()[-2:] == [lost, ReadingEnded()]


@pytest.mark.parametrize(
    ("status", "source", "reason"),
    [
        (-signal.SIGSEGV, TextSource.CRASHED, "crashed"),
        (-signal.SIGXCPU, TextSource.TIMED_OUT, "timeout"),
        (-signal.SIGKILL, TextSource.CRASHED, "memory"),
    ],
)
def test_a_page_that_kills_keeps_what_is_good_of_its_layer(
    document: DocumentRun, status: int, source: TextSource, reason: str
) -> None:
    good = Page(number=1, text="from the layer", source=TextSource.TEXT_LAYER)
    bad = Page(number=2, text="", source=TextSource.FAILED, layer_text="#+-", layer_reason="garbage")
    for _ in range(4):
        document.open(2)
        for fallback in (good, bad):
            if fallback.number not in document.state.finished:
                document.receive(PageNeedsOcr(page=fallback.number, fallback=fallback))
        document.receive(AllPagesListed())
        document.permit()
        document.state.on_exit(status)
        document.begin()
    first, second, ended = document.events()
    assert first == replace(good, reason=reason)
    assert second == replace(bad, source=source, reason=reason)
    assert ended == ReadingEnded()


def test_the_page_that_kills_twice_is_marked_crashed_and_the_rest_goes_on(document: DocumentRun) -> None:
    for _ in range(2):
        document.list_pages(2, ocr=[1, 2])
        document.permit()
        assert document.state.on_exit(-signal.SIGSEGV)
        document.begin()
    document.list_pages(2, ocr=[2])
    assert document.permit() == 2
    document.receive(page(2))
    crashed, good, ended = document.events()
    assert isinstance(crashed, Page)
    assert (crashed.number, crashed.source, crashed.text) == (1, TextSource.CRASHED, "")
    assert isinstance(good, Page)
    assert ended == ReadingEnded()


def test_a_document_that_kills_its_process_before_any_page_ends_after_two_tries(
    document: DocumentRun,
) -> None:
    assert document.state.on_exit(-signal.SIGSEGV)
    document.begin()
    assert not document.state.on_exit(-signal.SIGSEGV)
    (ended,) = document.events()
    assert isinstance(ended, ReadingEnded)
    assert ended.code is Code.CRASHED


def test_the_page_a_reader_died_on_is_skipped_the_second_time(document: DocumentRun) -> None:
    for first in (True, False):
        document.open(3)
        if first:
            document.receive(page(1))
        assert document.state.on_exit(-signal.SIGSEGV)
        document.begin()
    document.receive(PDF)
    assert document.sent() == [BeginReading(skip=(1, 2), preview=False)]


def test_a_preview_that_kills_is_given_up_and_the_text_is_kept(document: DocumentRun) -> None:
    document.list_pages(1, ocr=[], preview=True)
    assert not document.state.on_exit(-signal.SIGSEGV)
    lost = PreviewDone(drawn=False, code=Code.THUMBNAIL_TIMEOUT)
    assert document.events()[-2:] == [lost, ReadingEnded()]


def test_a_page_over_its_limit_of_work_is_killed_and_marked_without_another_try(
    document: DocumentRun,
) -> None:
    document.list_pages(2, ocr=[1, 2])
    document.permit()
    assert not document.work(60.0)
    assert document.work(6.0)
    assert document.state.on_exit(-signal.SIGKILL)
    lost = document.events()[-1]
    assert isinstance(lost, Page)
    assert (lost.number, lost.source, lost.reason) == (1, TextSource.TIMED_OUT, "timeout")


def test_a_document_over_its_limit_of_work_ends_with_what_it_has(document: DocumentRun) -> None:
    document.open(100)
    worked_s = 20.0
    for number in range(1, 101):
        document.receive(needs_ocr(number))
        if document.work(20.0):
            break
        worked_s += 20.0
    assert worked_s > LIMITS.document_timeout_s + 100 * LIMITS.document_timeout_per_page_s
    ended = document.events()[-1]
    assert isinstance(ended, ReadingEnded)
    assert ended.code is Code.TIMEOUT


def test_waiting_for_a_slot_costs_no_time(document: DocumentRun) -> None:
    document.list_pages(1, ocr=[1])
    assert not any(document.work(50.0) for _ in range(2_000))


def test_a_drained_document_gets_no_further_permit(document: DocumentRun) -> None:
    document.list_pages(2, ocr=[1, 2])
    document.permit()
    document.state.draining = True
    assert document.state.next_permit() is None


def test_a_failure_reported_by_the_child_ends_the_document(document: DocumentRun) -> None:
    document.receive(ReadingFailed(code=Code.ENCRYPTED, message="needs a password"))
    assert document.events() == [ReadingEnded(code=Code.ENCRYPTED, message="needs a password")]


def test_too_many_lost_pages_end_the_document(document: DocumentRun) -> None:
    for number in range(1, 12):
        for _ in range(2):
            document.list_pages(30, ocr=range(1, 31))
            document.permit()
            document.state.on_exit(-signal.SIGSEGV)
            if any(isinstance(event, ReadingEnded) for event in document.events()):
                assert number > 10
                return
            document.begin()
    pytest.fail("the document never ended")


def test_a_preview_that_never_ends_is_given_up_and_costs_no_page(document: DocumentRun) -> None:
    document.list_pages(2, ocr=[2], preview=True)
    document.permit()
    assert document.work(LIMITS.page_timeout_s + 10.0)
    assert document.state.on_exit(-signal.SIGKILL)
    _, given_up = document.events()
    assert given_up == PreviewDone(drawn=False, code=Code.THUMBNAIL_TIMEOUT)
    document.begin()
    document.list_pages(2, ocr=[2])
    assert document.permit() == 2


def test_a_preview_that_kills_beside_permits_costs_no_page(document: DocumentRun) -> None:
    document.list_pages(3, ocr=[1, 2, 3], preview=True)
    document.permit()
    assert document.state.on_exit(-signal.SIGSEGV)
    document.begin()
    document.receive(PDF)
    assert document.sent() == [BeginReading(skip=(), preview=False)]
    document.receive(DocumentOpened(pages=3), *map(needs_ocr, (1, 2, 3)), AllPagesListed())
    assert document.permit() == 1


def test_a_page_with_more_text_than_is_left_is_without_any(document: DocumentRun) -> None:
    document.open(3)
    document.receive(page(1, text="a" * 900), page(2, text="b" * 101), page(3), AllPagesListed())
    pages = [event for event in document.events() if isinstance(event, Page)]
    assert [(each.number, len(each.text), each.reason) for each in pages] == [
        *((1, 900, None), (2, 0, "bomb"), (3, 4, None))
    ]


@pytest.mark.parametrize("number", [1, 2, 4], ids=["came already", "waits for OCR", "beyond the last"])
@pytest.mark.parametrize("message", [page, needs_ocr])
def test_a_page_beyond_the_last_one_or_for_the_second_time_is_refused(
    document: DocumentRun, message: Callable[[int], FromDocumentProcess], number: int
) -> None:
    document.open(3)
    document.receive(page(1), needs_ocr(2))
    with pytest.raises(ProtocolError):
        document.receive(message(number))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_page_without_a_permit_is_refused(document: DocumentRun, number: int) -> None:
    document.list_pages(3, ocr=[2, 3])
    assert document.permit() == 2
    document.receive(page(2))
    with pytest.raises(ProtocolError):
        document.receive(page(number))


def test_a_preview_that_was_not_asked_for_is_refused(document: DocumentRun) -> None:
    document.list_pages(2, ocr=[2], preview=True)
    document.receive(PreviewDone(drawn=True))
    with pytest.raises(ProtocolError):
        document.receive(PreviewDone(drawn=True))


def test_what_comes_after_the_end_is_ignored(document: DocumentRun) -> None:
    document.receive(ReadingFailed(code=Code.CORRUPT, message=""))
    events = document.events()
    document.receive(PDF, page(1), needs_ocr(2), PreviewDone(drawn=True))
    assert (len(events), document.events()) == (1, [])


def test_a_process_that_could_not_be_forked_is_no_fault_of_the_document(document: DocumentRun) -> None:
    assert not document.state.on_exit(NOT_FORKED)
    (ended,) = document.events()
    assert isinstance(ended, ReadingEnded)
    assert ended.code is Code.LOCAL_FAULT


def test_a_reading_process_cannot_claim_what_only_the_worker_sees(document: DocumentRun) -> None:
    document.receive(ReadingFailed(code=Code.LOCAL_FAULT, message="the machine is broken"))
    assert document.events() == [ReadingEnded(code=Code.UNAVAILABLE, message="the machine is broken")]

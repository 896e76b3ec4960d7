"""Files within a document: what one of them costs the others."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.stand_ins.document_run import PDF, DocumentRun, needs_ocr, page
from worker.errors import Code
from worker.models.file import FileType
from worker.models.member import Member
from worker.models.page import Page, TextSource
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import AllPagesListed, BeginReading, DocumentOpened, PageExtracted

pytestmark = pytest.mark.unit


@pytest.fixture
def document() -> Iterator[DocumentRun]:
    run = DocumentRun()
    yield run
    run.close()


def _member(path: str, pages: int) -> tuple[MemberBegun, MemberOpened]:
    return MemberBegun(path=path), MemberOpened(pages=pages, file_type=FileType.PDF, size_bytes=9, sha256="")


def _begin_again(document: DocumentRun) -> None:
    document.state.on_exit(-signal.SIGSEGV)
    document.begin()
    document.receive(PDF, DocumentOpened(pages=1))


def _pages(document: DocumentRun) -> list[tuple[int, str, int, str | None]]:
    found = [event for event in document.events() if isinstance(event, Page)]
    return [(each.number, each.member_path, each.member_page, each.reason) for each in found]


def test_each_page_names_its_file_and_each_file_is_an_event(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_member("a.pdf", 2), page(2), page(3), AllPagesListed())
    events = document.events()
    member = Member(path="a.pdf", first_page=2, pages=2, file_type=FileType.PDF, size_bytes=9)
    assert [event for event in events if isinstance(event, Member)] == [member]
    stamps = [(event.member_path, event.member_page) for event in events if isinstance(event, Page)]
    assert stamps == [("", 0), ("a.pdf", 1), ("a.pdf", 2)]
    assert events[-1] == ReadingEnded()


def test_a_file_that_kills_its_reader_twice_is_one_page_and_not_opened_again(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), MemberBegun(path="a.pdf"))
    _begin_again(document)
    document.receive(MemberBegun(path="a.pdf"))
    _begin_again(document)
    (begin,) = (message for message in document.sent() if isinstance(message, BeginReading))
    assert (begin.skip, begin.lost) == ((1, 2), (2,))
    document.receive(*_member("a.pdf", 0), *_member("b.pdf", 1), page(3), AllPagesListed())
    assert _pages(document) == [(1, "", 0, None), (2, "a.pdf", 0, "crashed"), (3, "b.pdf", 1, None)]
    assert document.state.is_ended


def test_behind_a_page_that_kills_its_reader_the_rest_of_its_file_is_lost(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_member("a.pdf", 4), needs_ocr(2))
    _begin_again(document)
    document.receive(*_member("a.pdf", 4), needs_ocr(2))
    _begin_again(document)
    document.receive(*_member("a.pdf", 4), needs_ocr(2), *_member("b.pdf", 1), page(6), AllPagesListed())
    assert document.permit() == 2
    document.receive(page(2))
    assert sorted(_pages(document)) == [
        (1, "", 0, None),
        *((2, "a.pdf", 1, None), (3, "a.pdf", 2, "crashed"), (4, "a.pdf", 3, "crashed")),
        *((5, "a.pdf", 4, "crashed"), (6, "b.pdf", 1, None)),
    ]


def test_pages_late_in_a_row_end_their_file_only(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_member("a.pdf", 20), *map(needs_ocr, range(2, 22)))
    document.receive(*_member("b.pdf", 1), needs_ocr(22), AllPagesListed())
    for _ in range(10):
        number = document.permit()
        late = Page(number=number, text="", source=TextSource.TIMED_OUT, reason=Code.TIMEOUT.value)
        document.receive(PageExtracted(page=late))
    assert document.permit() == 22
    document.receive(page(22))
    pages = _pages(document)
    assert [reason for _, path, _, reason in pages if path == "a.pdf"] == ["timeout"] * 20
    assert pages[-1] == (22, "b.pdf", 1, None)
    assert document.state.is_ended


def test_a_page_that_waits_to_be_tried_alone_is_not_blamed_for_a_file_behind_it(
    document: DocumentRun,
) -> None:
    document.open(1)
    document.receive(page(1), *_member("a.pdf", 1), needs_ocr(2), AllPagesListed())
    assert document.permit() == 2
    _begin_again(document)
    document.receive(*_member("a.pdf", 1), needs_ocr(2), MemberBegun(path="b.pdf"))
    _begin_again(document)
    document.receive(*_member("a.pdf", 1), needs_ocr(2), *_member("b.pdf", 1), page(3), AllPagesListed())
    assert document.permit() == 2
    document.receive(page(2))
    assert sorted(_pages(document)) == [(1, "", 0, None), (2, "a.pdf", 1, None), (3, "b.pdf", 1, None)]


def test_files_that_take_too_long_end_the_document_after_fifty_pages(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1))
    late = Page(number=0, text="", source=TextSource.TIMED_OUT, reason="timeout")
    numbers = range(2, 62)
    for number in numbers:
        document.receive(*_member(f"{number}.pdf", 1), needs_ocr(number))
    document.receive(AllPagesListed())
    while not document.state.is_ended:
        document.receive(PageExtracted(page=replace(late, number=document.permit())))
    ended = [event for event in document.events() if isinstance(event, ReadingEnded)]
    assert [event.code for event in ended] == [Code.TIMEOUT]
    assert document.state.page_count - len(document.state.finished) == 10


def test_ocr_beyond_the_limit_of_text_is_left_out_and_other_pages_are_read(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1, text="x" * 990), *_member("a.pdf", 2), needs_ocr(2), needs_ocr(3))
    document.receive(AllPagesListed())
    document.permit()
    document.receive(page(2, text="x" * 20))
    document.permit()
    document.receive(page(3, text="x" * 10))
    assert _pages(document) == [(1, "", 0, None), (2, "a.pdf", 1, "bomb"), (3, "a.pdf", 2, None)]
    assert document.state.is_ended

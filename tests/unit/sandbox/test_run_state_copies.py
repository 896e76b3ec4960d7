"""A file that is in a document several times: its pages are OCRed once, whatever happens to its processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.stand_ins.document_run import PDF, DocumentRun, needs_ocr, page
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import AllPagesListed, BeginReading, DocumentOpened, FromDocumentProcess

pytestmark = pytest.mark.unit


@pytest.fixture
def document() -> Iterator[DocumentRun]:
    run = DocumentRun()
    yield run
    run.close()


def _scan(path: str, *numbers: int) -> tuple[FromDocumentProcess, ...]:
    """A file of these pages, which need OCR; all files have the same bytes."""
    opened = MemberOpened(pages=len(numbers), file_type=FileType.TIFF, size_bytes=9, sha256="c" * 64)
    return MemberBegun(path=path), opened, *map(needs_ocr, numbers)


def _pages(document: DocumentRun) -> list[tuple[int, str, int, str]]:
    found = [event for event in document.events() if isinstance(event, Page)]
    return [(each.number, each.member_path, each.member_page, each.reason or each.text) for each in found]


def test_a_page_is_read_once_and_stands_in_each_file(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_scan("a.tif", 2, 3), *_scan("b.tif", 4, 5), AllPagesListed())
    for number in (2, 3):
        assert document.permit() == number
        document.receive(page(number, text=f"read {number}"))
    events = document.events()
    found = [event for event in events if isinstance(event, Page)]
    assert [(each.number, each.member_path, each.member_page, each.text) for each in found] == [
        (1, "", 0, "text"),
        *((2, "a.tif", 1, "read 2"), (4, "b.tif", 1, "read 2")),
        *((3, "a.tif", 2, "read 3"), (5, "b.tif", 2, "read 3")),
    ]
    assert events[-1] == ReadingEnded()
    assert document.state.same.copied == {4, 5}


def test_another_attempt_takes_the_pages_of_a_checkpoint(document: DocumentRun) -> None:
    done = Page(number=2, text="read before", source=TextSource.OCR, member_path="a.tif", member_page=1)
    document.state.go(done=[replace(done, number=1, member_path="", member_page=0), done], preview=False)
    document.receive(PDF, DocumentOpened(pages=1))
    document.receive(*_scan("a.tif", 2)[:2], *_scan("b.tif", 3), AllPagesListed())
    assert _pages(document) == [(3, "b.tif", 1, "read before")]
    assert document.state.is_ended


def test_a_page_that_kills_its_process_twice_does_not_do_so_in_each_file(document: DocumentRun) -> None:
    listed = (*_scan("a.tif", 2), *_scan("b.tif", 3), AllPagesListed())
    document.open(1)
    document.receive(page(1), *listed)
    assert document.permit() == 2
    document.state.on_exit(-signal.SIGSEGV)
    document.begin()
    document.receive(PDF, DocumentOpened(pages=1), *listed)
    assert document.permit() == 2
    document.state.on_exit(-signal.SIGSEGV)
    assert _pages(document)[1:] == [(2, "a.tif", 1, "crashed"), (3, "b.tif", 1, "crashed")]
    assert document.state.is_ended


def test_after_a_crash_what_is_finished_is_not_asked_for_again(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_scan("a.tif", 2, 3), *_scan("b.tif", 4, 5), AllPagesListed())
    document.permit()
    document.receive(page(2))
    assert document.permit() == 3
    document.state.on_exit(-signal.SIGSEGV)
    document.begin()
    document.receive(PDF, DocumentOpened(pages=1))
    (begin,) = (message for message in document.sent() if isinstance(message, BeginReading))
    assert begin.skip == (1, 2, 4)
    first, second = _scan("a.tif", 2, 3), _scan("b.tif", 4, 5)
    document.receive(*first[:2], first[-1], *second[:2], second[-1], AllPagesListed())
    assert document.permit() == 3
    document.receive(page(3))
    assert [number for number, *_ in _pages(document)] == [1, 2, 4, 3, 5]
    assert document.state.is_ended


def test_a_copy_of_a_page_that_was_not_named_is_read_itself(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_scan("a.tif", 2)[:2], *_scan("b.tif", 3), AllPagesListed())
    assert document.permit() == 3
    document.receive(page(3, text="read"))
    assert _pages(document)[1:] == [(3, "b.tif", 1, "read")]
    assert document.state.is_ended


def test_copies_of_a_checkpoint_count_for_the_limit_of_text(document: DocumentRun) -> None:
    done = Page(number=2, text="x" * 600, source=TextSource.OCR, member_path="a.tif", member_page=1)
    document.state.go(done=[replace(done, number=1, member_path="", member_page=0), done], preview=False)
    document.receive(PDF, DocumentOpened(pages=1), *_scan("a.tif", 2)[:2])
    document.receive(*_scan("b.tif", 3), *_scan("c.tif", 4), AllPagesListed())
    assert [(number, text) for number, *_, text in _pages(document)] == [(3, "x" * 600), (4, "bomb")]


def test_copies_count_for_the_limit_of_text(document: DocumentRun) -> None:
    document.open(1)
    document.receive(page(1), *_scan("a.tif", 2), *_scan("b.tif", 3), AllPagesListed())
    document.permit()
    document.receive(page(2, text="x" * 600))
    assert [reason for *_, reason in _pages(document)[1:]] == ["x" * 600, "bomb"]

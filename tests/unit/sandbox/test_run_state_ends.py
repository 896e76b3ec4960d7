"""Documents that end early, and those whose process breaks the rules: nothing that is known is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.stand_ins.document_run import DocumentRun, needs_ocr, page
from worker.errors import Code
from worker.models.metadata import NO_PROPERTIES
from worker.models.page import Page, TextSource
from worker.sandbox.channel import ProtocolError
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import (
    AllPagesListed,
    DocumentDetails,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    ReadingFailed,
)

pytestmark = pytest.mark.unit

_LAYER = Page(number=4, text="from the layer", source=TextSource.TEXT_LAYER)


@pytest.fixture
def document() -> Iterator[DocumentRun]:
    run = DocumentRun()
    yield run
    run.close()


def _late(number: int) -> PageExtracted:
    return PageExtracted(page=Page(number=number, text="", source=TextSource.TIMED_OUT, reason="timeout"))


def _pages(document: DocumentRun) -> list[tuple[int, str, str | None]]:
    return [
        (event.number, event.source.value, event.reason)
        for event in document.events()
        if isinstance(event, Page)
    ]


@pytest.mark.parametrize("kills", [False, True], ids=["its engine gives up", "its process is killed"])
def test_a_document_ends_after_ten_late_pages_in_a_row(document: DocumentRun, kills: bool) -> None:
    document.list_pages(500, ocr=range(1, 501))
    for number in range(1, 11):
        assert not document.state.is_ended
        assert document.permit() == number
        if not kills:
            document.receive(_late(number))
            continue
        assert document.work(66.0)
        if document.state.on_exit(-9):
            document.begin()
            document.list_pages(500, ocr=range(1, 501))
    *pages, ended = document.events()

    assert ended == ReadingEnded(
        code=Code.TIMEOUT, message="so many pages took too long that 490 more are not read"
    )
    assert [event.number for event in pages if isinstance(event, Page)] == list(range(1, 501))
    assert {event.reason for event in pages if isinstance(event, Page)} == {"timeout"}


def test_a_page_that_is_read_between_them_lets_the_document_go_on(document: DocumentRun) -> None:
    document.list_pages(30, ocr=range(1, 31))
    for number in range(1, 31):
        document.permit()
        document.receive(page(number) if number % 10 == 0 else _late(number))
    assert document.events()[-1] == ReadingEnded()


def test_late_pages_that_are_all_the_document_has_need_no_reason_beside_their_own(
    document: DocumentRun,
) -> None:
    document.list_pages(10, ocr=range(1, 11))
    for number in range(1, 11):
        document.permit()
        document.receive(_late(number))
    assert document.events()[-1] == ReadingEnded()


@pytest.mark.parametrize("code", [Code.CRASHED, Code.TIMEOUT, Code.BOMB])
def test_pages_that_waited_keep_their_layers_and_are_listed(document: DocumentRun, code: Code) -> None:
    document.open(5)
    document.receive(page(1), needs_ocr(2), needs_ocr(3), PageNeedsOcr(page=4, fallback=_LAYER))
    document.state.end(code, "why")

    *_, second, third, layer, ended = document.events()

    assert second == Page(number=2, text="", source=TextSource.NOT_READ, reason=code.value)
    assert third == Page(number=3, text="", source=TextSource.NOT_READ, reason=code.value)
    assert layer == replace(_LAYER, reason=code.value)
    assert ended == ReadingEnded(code=code, message="why")


@pytest.mark.parametrize("code", [None, Code.LOCAL_FAULT])
def test_an_end_that_says_nothing_of_the_pages_adds_none(document: DocumentRun, code: Code | None) -> None:
    document.list_pages(3, ocr=[2, 3])
    document.state.end(code)
    assert _pages(document) == [(1, "ocr", None)]


def test_pages_that_only_a_dead_process_had_a_layer_of_are_kept(document: DocumentRun) -> None:
    document.open(4)
    document.receive(PageNeedsOcr(page=4, fallback=_LAYER))
    assert document.state.on_exit(-11)
    document.begin()
    document.open(4)
    document.receive(ReadingFailed(code=Code.CORRUPT, message="damaged"))
    assert (4, "text_layer", "corrupt") in _pages(document)


def test_pages_listed_out_of_order_are_all_read(document: DocumentRun) -> None:
    document.open(10)
    document.receive(*map(needs_ocr, (10, 4, 1, 7)), page(2), *map(needs_ocr, (9, 3, 5, 8, 6)))
    document.receive(AllPagesListed())
    order = []
    while not document.state.is_ended:
        order.append(document.permit())
        document.receive(page(order[-1], language="eng"))
    assert order == [1, 3, 4, 5, 6, 7, 8, 9, 10]


def test_a_page_that_only_a_dead_process_listed_holds_up_no_other(document: DocumentRun) -> None:
    document.open(20)
    document.receive(needs_ocr(1))
    assert document.state.on_exit(-11)
    document.begin()
    document.open(20)
    document.receive(needs_ocr(15), needs_ocr(20), AllPagesListed())
    for number in (15, 20):
        assert document.permit() == number
        document.receive(page(number))
    assert document.state.is_ended
    assert OcrPage(page=15, hint=None) in document.sent()


def test_what_a_document_lacks_is_taken_once_of_each_process(document: DocumentRun) -> None:
    lacking = DocumentDetails(codes=(Code.ATTACHED_FILES,), properties=NO_PROPERTIES)
    document.open(2)
    document.receive(lacking)
    with pytest.raises(ProtocolError):
        document.receive(lacking)
    assert document.state.on_exit(-11)
    document.begin()
    document.open(2)
    document.receive(lacking)
    assert document.events().count(lacking) == 2

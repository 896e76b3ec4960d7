"""PageListing: what a document process says of each page before any is OCRed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from worker.errors import Code
from worker.extract.members.member_walk import MemberBegins, MemberIsOpen, MemberWalk
from worker.extract.page_source import LayeredPage, PageSource
from worker.extract.pdf.layer.merge import join
from worker.extract.read_options import Limits
from worker.models.metadata import NO_PROPERTIES
from worker.models.page import Page, TextSource
from worker.sandbox.checks.unread_values import distinct
from worker.sandbox.confinement import allow_cpu
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.nets.lost_pages import unread_page
from worker.sandbox.protocol import (
    AllPagesListed,
    DocumentDetails,
    DocumentOpened,
    FromDocumentProcess,
    PageExtracted,
    PageNeedsOcr,
)

_NO_ROOM = "more text than one document may hold (CIS_MAX_TEXT_CHARS)"


class PageListing:
    """The pages of one document and of the files in it; `layers` are those that need OCR and have text."""

    def __init__(self, source: PageSource, walk: MemberWalk, *, limits: Limits, skip: frozenset[int]) -> None:
        self._source = source
        self._walk = walk
        self._limits = limits
        self._skip = skip
        self._left_chars = limits.max_text_chars
        self.layers: dict[int, Page] = {}
        self.needs_ocr = False

    def messages(self) -> Iterator[FromDocumentProcess]:
        """All of them in order.

        A page with more text than is left of the limit ends the walk: it and those behind it in its file say
        so, and for all other files the document does.
        """
        last_page, codes = self._source.page_count, list[Code]()
        yield DocumentOpened(pages=last_page)
        allow_cpu(self._limits, pages=last_page)
        for item in self._walk.items():
            if isinstance(item, MemberBegins):
                yield MemberBegun(path=item.path)
            elif isinstance(item, MemberIsOpen):
                last_page += max(1, item.pages)
                allow_cpu(self._limits, pages=last_page)
                yield MemberOpened(
                    pages=item.pages,
                    file_type=item.file_type,
                    size_bytes=item.size_bytes,
                    sha256=item.sha256,
                )
            elif self._has_room(item):
                yield from self._page(item)
            else:
                codes.append(Code.BOMB)
                yield from self._without_room(range(_number(item), last_page + 1))
                break
        codes = [*self._walk.unread, *codes]
        properties = replace(self._source.properties, member_mails=self._walk.mails.collect())
        if codes or properties != NO_PROPERTIES:
            yield DocumentDetails(codes=tuple(dict.fromkeys(codes)), properties=properties)
        yield AllPagesListed()

    def _page(self, item: Page | LayeredPage | int) -> Iterator[FromDocumentProcess]:
        number = _number(item)
        if number in self._skip:
            return
        if isinstance(item, Page):
            yield PageExtracted(page=distinct(item))
        else:
            self.needs_ocr = True
            page = item.page if isinstance(item, LayeredPage) else item
            yield PageNeedsOcr(page=number, fallback=self._fallback(page))

    def _has_room(self, item: Page | LayeredPage | int) -> bool:
        """Whether the text of a page fits in what is left, which is less then."""
        page = item.page if isinstance(item, LayeredPage) else item
        if isinstance(page, int) or page.number in self._skip:
            return True
        has_room = len(page.text) <= self._left_chars
        self._left_chars -= len(page.text) if has_room else 0
        return has_room

    def _without_room(self, numbers: Iterable[int]) -> Iterator[PageExtracted]:
        for number in numbers:
            if number not in self._skip:
                page = unread_page(number, TextSource.NOT_READ, Code.BOMB)
                yield PageExtracted(page=replace(page, message=_NO_ROOM))

    def _fallback(self, page: Page | int) -> Page | None:
        """What the page becomes if its OCR kills this process: None where there is no text layer."""
        if isinstance(page, int):
            return None
        self.layers[page.number] = page
        return distinct(join(page, empty_page(page.number, Code.CRASHED)))


def _number(item: Page | LayeredPage | int) -> int:
    page = item.page if isinstance(item, LayeredPage) else item
    return page if isinstance(page, int) else page.number


def empty_page(number: int, code: Code) -> Page:
    """An empty page with the reason; no placeholder text, which would be found by searches."""
    source = TextSource.TIMED_OUT if code is Code.TIMEOUT else TextSource.FAILED
    return Page(number=number, text="", source=source, reason=code.value)

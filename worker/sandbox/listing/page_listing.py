"""PageListing: what a document process says of each page before any is OCRed."""

from __future__ import annotations

from collections.abc import Iterator

from worker.errors import Code, RejectedError
from worker.extract.members.member_walk import MemberBegins, MemberIsOpen, MemberWalk
from worker.extract.page_source import LayeredPage, PageSource
from worker.extract.pdf.layer.merge import join
from worker.extract.read_options import Limits
from worker.models.metadata import NO_PROPERTIES
from worker.models.page import Page, TextSource
from worker.sandbox.checks.unread_values import distinct
from worker.sandbox.confinement import allow_cpu
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.protocol import (
    AllPagesListed,
    DocumentDetails,
    DocumentOpened,
    FromDocumentProcess,
    PageExtracted,
    PageNeedsOcr,
)


class PageListing:
    """The pages of one document and of the files in it; `layers` are those that need OCR and have text."""

    def __init__(
        self, source: PageSource, walk: MemberWalk, *, name: str, limits: Limits, skip: frozenset[int]
    ) -> None:
        self._source = source
        self._walk = walk
        self._name = name
        self._limits = limits
        self._skip = skip
        self._left_chars = limits.max_text_chars
        self.layers: dict[int, Page] = {}
        self.needs_ocr = False

    def messages(self) -> Iterator[FromDocumentProcess]:
        """All of them in order. Raises RejectedError (`bomb`) where the pages have too much text."""
        page_count = self._source.page_count
        yield DocumentOpened(pages=page_count)
        allow_cpu(self._limits, pages=page_count)
        for item in self._walk.items():
            if isinstance(item, MemberBegins):
                yield MemberBegun(path=item.path)
            elif isinstance(item, MemberIsOpen):
                page_count += item.pages
                allow_cpu(self._limits, pages=page_count)
                yield MemberOpened(
                    pages=item.pages,
                    file_type=item.file_type,
                    size_bytes=item.size_bytes,
                    sha256=item.sha256,
                )
            else:
                yield from self._page(item)
        codes, properties = tuple(dict.fromkeys(self._walk.unread)), self._source.properties
        if codes or properties != NO_PROPERTIES:
            yield DocumentDetails(codes=codes, properties=properties)
        yield AllPagesListed()

    def _page(self, item: Page | LayeredPage | int) -> Iterator[FromDocumentProcess]:
        page = item.page if isinstance(item, LayeredPage) else item
        number = page if isinstance(page, int) else page.number
        if number in self._skip:
            return
        if isinstance(page, Page):
            self._left_chars -= len(page.text)
            if self._left_chars < 0:
                raise RejectedError(f"{self._name}: more text than one document may hold", code=Code.BOMB)
        if isinstance(item, Page):
            yield PageExtracted(page=distinct(item))
        else:
            self.needs_ocr = True
            yield PageNeedsOcr(page=number, fallback=self._fallback(page))

    def _fallback(self, page: Page | int) -> Page | None:
        """What the page becomes if its OCR kills this process: None where there is no text layer."""
        if isinstance(page, int):
            return None
        self.layers[page.number] = page
        return distinct(join(page, empty_page(page.number, Code.CRASHED)))


def empty_page(number: int, code: Code) -> Page:
    """An empty page with the reason; no placeholder text, which would be found by searches."""
    source = TextSource.TIMED_OUT if code is Code.TIMEOUT else TextSource.FAILED
    return Page(number=number, text="", source=source, reason=code.value)

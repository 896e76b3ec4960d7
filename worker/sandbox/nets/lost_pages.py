"""LostPages: what is left of the pages that a document's process could not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from worker.errors import Code
from worker.models.page import Page, TextSource

# A document, or a file within one, that loses more by crashes is hopeless: each loss costs two processes.
_MAX_CRASHED = 10
_MAX_CRASHED_IN_ALL = 50
# Each costs the whole net of a page; beyond them a file of thousands of pages would hold a slot for days.
_MAX_TIMEOUTS_IN_A_ROW = 10
_MAX_TIMEOUTS_OF_MEMBERS = 50
_DOCUMENT = 0


class LostPages:
    """The pages of one document that are given up, and the text layers that stand in for them.

    They are counted by the file within the document: `file_of` names it by its first page, 0 is the document.
    """

    def __init__(self, file_of: Callable[[int], int]) -> None:
        self._file_of = file_of
        self._fallbacks: dict[int, Page] = {}
        self._crashed: Counter[int] = Counter()
        self._timeouts_in_a_row: Counter[int] = Counter()
        self._timeouts_of_members = 0

    @property
    def with_layer(self) -> frozenset[int]:
        """The pages that are not finished, and of which a layer is kept."""
        return frozenset(self._fallbacks)

    def keep(self, fallback: Page) -> None:
        """Keep what is known of a page before its OCR."""
        self._fallbacks[fallback.number] = fallback

    def finish(self, page: Page) -> None:
        """A page is finished, whatever it became."""
        self._fallbacks.pop(page.number, None)
        file = self._file_of(page.number)
        self._timeouts_in_a_row[file] = self._timeouts_in_a_row[file] + 1 if _is_late(page) else 0

    def count_late(self, page: Page) -> bool:
        """Count a page that was tried; whether the files within the document have cost too much time.

        Those of the document itself are counted in a row only: what is read between them is worth theirs.
        """
        self._timeouts_of_members += _is_late(page) and self._file_of(page.number) != _DOCUMENT
        return self._timeouts_of_members >= _MAX_TIMEOUTS_OF_MEMBERS

    def count(self, pages: Iterable[int], code: Code) -> None:
        """Count pages that are given up; one that met its net says nothing of the others."""
        self._crashed.update(() if code is Code.TIMEOUT else map(self._file_of, pages))

    @property
    def are_too_many(self) -> bool:
        """Whether so many pages crashed that the rest of the document is not tried."""
        in_all = self._crashed.total()
        return self._crashed[_DOCUMENT] > _MAX_CRASHED or in_all > _MAX_CRASHED_IN_ALL

    def are_too_many_beside(self, page: int) -> bool:
        """Whether the rest of the file that a page is of is not tried."""
        return self._crashed[self._file_of(page)] > _MAX_CRASHED

    def are_late(self, page: int) -> bool:
        """Whether so many pages in a row of the page's file met their net that the rest is not tried."""
        return self._timeouts_in_a_row[self._file_of(page)] >= _MAX_TIMEOUTS_IN_A_ROW

    def page(self, number: int, code: Code) -> Page:
        """What is left of a page on which a process died or hung."""
        return self._page(number, TextSource.TIMED_OUT if code is Code.TIMEOUT else TextSource.CRASHED, code)

    def rest(self, numbers: Iterable[int], code: Code, *, max_chars: int) -> Iterator[Page]:
        """What is left of the pages that nobody tried, in their order: it ended before them.

        Beyond `max_chars` their layers are left out, as any text is beyond the limit of a document.
        """
        for number in sorted(set(numbers)):
            page = self._page(number, TextSource.NOT_READ, code)
            max_chars -= len(page.text)
            yield page if max_chars >= 0 else unread_page(number, TextSource.NOT_READ, code)

    def _page(self, number: int, source: TextSource, code: Code) -> Page:
        fallback = self._fallbacks.get(number)
        if fallback is None:
            return unread_page(number, source, code)
        # A text layer that is good enough stands for the page, and keeps its own source.
        page_source = source if fallback.source.is_failure else fallback.source
        return replace(fallback, source=page_source, reason=code.value)


class TextRoom:
    """How much text a document may still have."""

    def __init__(self, max_chars: int) -> None:
        self.left_chars = max_chars

    def fit(self, page: Page) -> Page:
        """The page, which takes of what is left; one without its text where there is not enough."""
        if len(page.text) > self.left_chars:
            return unread_page(page.number, TextSource.NOT_READ, Code.BOMB)
        self.left_chars -= len(page.text)
        return page


def _is_late(page: Page) -> bool:
    return page.reason == Code.TIMEOUT or Code.TIMEOUT in page.unread


def unread_page(number: int, source: TextSource, code: Code) -> Page:
    """A page without any text, and why."""
    return Page(number=number, text="", source=source, reason=code.value)

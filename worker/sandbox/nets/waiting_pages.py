"""WaitingPages: the pages of a document that wait for OCR; first those that may have killed a process."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from contextlib import suppress


class WaitingPages:
    """Suspect pages are OCRed first, and one at a time, so that another crash names the page."""

    def __init__(self) -> None:
        self._to_ocr: deque[int] = deque()
        self._suspect_pages: deque[int] = deque()
        self._crashes: Counter[int] = Counter()

    def __bool__(self) -> bool:
        """Whether any page waits."""
        return bool(self._to_ocr or self._suspect_pages)

    def begin_process(self) -> None:
        """A new process lists again what is to be OCRed; what is suspect stays so."""
        self._to_ocr.clear()

    def add(self, page: int) -> None:
        """A page needs OCR."""
        if page not in self._suspect_pages:
            self._to_ocr.append(page)

    def sort(self) -> None:
        """All are listed: the hint of a page waits for those before it, whatever their order was."""
        self._to_ocr = deque(sorted(self._to_ocr))

    def restore(self, pages: Iterable[int]) -> None:
        """Pages that were under way wait again."""
        self._to_ocr.extend(pages)

    def next(self, under_way: Collection[int]) -> int | None:
        """The page to OCR next, None where there is none, or a suspect one must wait for those under way."""
        if self._suspect_pages:
            return None if under_way else self._suspect_pages[0]
        return self._to_ocr[0] if self._to_ocr else None

    def take(self) -> None:
        """The page that was next is under way."""
        (self._suspect_pages or self._to_ocr).popleft()

    def drop(self, page: int) -> None:
        """A page is finished: a reader may find text this time where its predecessor asked for OCR."""
        with suppress(ValueError):
            self._suspect_pages.remove(page)

    def leave(self, pages: Collection[int]) -> None:
        """Pages are given up before their turn."""
        self._to_ocr = deque(page for page in self._to_ocr if page not in pages)
        self._suspect_pages = deque(page for page in self._suspect_pages if page not in pages)

    def has_crashed(self, page: int) -> bool:
        """Whether a process died on it."""
        return self._crashes[page] > 0

    def count_crash(self, pages: Collection[int], *, retry: bool) -> list[int]:
        """Count a death on some pages; those that have killed twice, the others wait as suspect pages."""
        self._crashes.update(pages)
        crashing = [page for page in pages if self._crashes[page] > 1]
        if retry:
            # In order: the hint of a page comes from a page before it.
            self._suspect_pages = deque(sorted({*self._suspect_pages, *pages}.difference(crashing)))
        return crashing

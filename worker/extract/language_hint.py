"""The OCR model to begin a page with, taken from the page before it."""

from __future__ import annotations

from worker.models.page import Page

_LAG = 8
"""How many pages an OCRed page must lie behind to be a hint; up to so many pages can be OCRed at a time."""

VERTICAL_SUFFIX = "_vert"


def hint_of(page: Page) -> str | None:
    """The model that read this page, else its language: the next page probably needs the same.

    A text layer may have only a script (`Latn`), see `language_of_text`.
    """
    if page.language is None or page.engine is None:
        return page.language
    vertical = page.language + VERTICAL_SUFFIX
    return vertical if vertical in page.engine.split() else page.language


def language_of(model: str) -> str:
    """The language a model reads: jpn for jpn_vert."""
    return model.removesuffix(VERTICAL_SUFFIX)


class PageHints:
    """The hint of each page of a document, by its pages alone and not by the order in which OCR ends.

    A page takes the hint of the nearest page before it that has a text layer, or that is at least `_LAG`
    pages back; until there is one so far back, that of the first page that needs OCR. Pages are OCRed at the
    same time, and which of them ends last depends on the load: a hint from a nearer one would, too.
    """

    def __init__(self) -> None:
        self._hints: dict[int, str | None] = {}
        self._ocr_pages: set[int] = set()
        self._known: dict[int, str | None] = {}

    def expect(self, number: int) -> None:
        """A page waits for OCR."""
        self._ocr_pages.add(number)

    def add(self, page: Page) -> None:
        """A page is finished."""
        # A lost page hints at nothing and none waits for it, though its OCR took time: in an attempt that
        # begins with the page already lost nothing says that it was to be OCRed.
        is_lost = page.source.is_failure or (page.reason is not None and not page.ocr_s)
        self._hints[page.number] = None if is_lost else hint_of(page)
        if is_lost:
            self._ocr_pages.discard(page.number)
        elif page.ocr_s or page.ocr_cpu_s:
            self._ocr_pages.add(page.number)

    def is_known(self, number: int) -> bool:
        """Whether the pages that decide the hint of this one are finished."""
        if number not in self._known:
            found, hint = self._find(number)
            if not found:
                return False
            self._known[number] = hint
        return True

    def hint(self, number: int) -> str | None:
        """The hint of a page; None without one, or while it is not known."""
        return self._known[number] if self.is_known(number) else None

    def _find(self, number: int) -> tuple[bool, str | None]:
        first = min(self._ocr_pages, default=number)
        for before in range(number - 1, 0, -1):
            is_ocred = before in self._ocr_pages
            if is_ocred and before != first and before > number - _LAG:
                continue
            if is_ocred and before not in self._hints:
                return False, None
            hint = self._hints.get(before)
            if hint is not None:
                return True, hint
        return True, None

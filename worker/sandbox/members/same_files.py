"""SameFiles: a file that is in a document several times, as one in each mail of a thread, is OCRed once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from worker.models.file import FileType
from worker.models.member import Member
from worker.models.page import Page


class SameFiles:
    """Which pages of one document are those of an earlier file with the same bytes.

    Only what the same document has is taken over. What a process that has read hostile bytes says of a file
    stands in its own document, and never in another that has the same file.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str, FileType, int], Member] = {}
        self._originals: dict[int, int] = {}
        self._waiting: dict[int, set[int]] = {}
        self._finished: dict[int, Page] = {}
        self.copied: set[int] = set()
        """The pages that were taken over."""

    def begin_process(self) -> None:
        """A new process says again which files there are; what is finished stays so."""
        self._first.clear()
        self._originals.clear()
        self._waiting.clear()

    def add(self, member: Member) -> None:
        """A file is open: where there was one like it, its pages are those of that."""
        first = self._first.setdefault((member.sha256, member.file_type, member.pages), member)
        if member.sha256 and member.pages and first is not member:
            pages = range(member.first_page, member.last_page + 1)
            self._originals.update(zip(pages, range(first.first_page, first.last_page + 1), strict=True))

    def finish(self, page: Page) -> None:
        """A page is finished, whatever it became."""
        self._finished[page.number] = page
        original = self._originals.get(page.number)
        if original in self._waiting:
            self._waiting[original].discard(page.number)

    def waits(self, number: int, *, listed: Collection[int]) -> bool:
        """Whether a page that needs OCR becomes what the same one before it does, or has done.

        `listed` are the pages that this process has named: one that is not among them may never come.
        """
        original = self._originals.get(number)
        if original is None or not (original in listed or original in self._finished):
            return False
        self._waiting.setdefault(original, set()).add(number)
        return True

    def copies_at_once(self, number: int) -> Iterator[Page]:
        """The page itself, where the one that it waits for is finished already."""
        original = self._originals.get(number)
        return self.copies(original) if original is not None else iter(())

    def copies(self, original: int) -> Iterator[Page]:
        """The pages that wait for another one, where that is finished."""
        page = self._finished.get(original)
        if page is None:
            return
        for number in sorted(self._waiting.pop(original, ())):
            self.copied.add(number)
            yield replace(page, number=number)

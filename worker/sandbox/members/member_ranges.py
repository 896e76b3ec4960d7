"""MemberRanges: which pages of a document are those of which file within it, as its process reports them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from worker.models.file import FileType
from worker.models.member import MAX_PATH_CHARS, Member, is_unseen
from worker.models.page import Page
from worker.sandbox.channel import ProtocolError
from worker.sandbox.members.messages import MAX_PAGES, MemberBegun, MemberOpened
from worker.sandbox.members.same_files import SameFiles

_HASH_CHARS = (0, 64)
DOCUMENT = 0
"""Stands for the document's own pages where the first page of a file is meant."""


class MemberRanges:
    """The files of one document in the order of their pages, as one process reads them."""

    def __init__(self) -> None:
        self._members: list[Member] = []
        self._firsts: list[int] = []
        self._is_opening = False
        self._lost: set[int] = set()
        self.same = SameFiles()
        self.last_page = 0

    @property
    def lost(self) -> tuple[int, ...]:
        """The pages that stand for files which could not be opened: no process tries these again."""
        return tuple(sorted(self._lost))

    def restore(self, page: Page) -> None:
        """Take over a page of an earlier process."""
        self.same.finish(page)
        if page.is_lost_member:
            self._lost.add(page.number)

    def begin_document(self, pages: int) -> None:
        """The document is open, and has so many pages of its own; its files are yet to come."""
        self._members, self._firsts, self._is_opening = [], [], False
        self.same.begin_process()
        self.last_page = pages

    def begin(self, message: MemberBegun) -> None:
        """A file is being opened: until it is, one page stands for it."""
        path = message.path
        if self._is_opening or not 0 < len(path) <= MAX_PATH_CHARS or any(map(is_unseen, path)):
            raise ProtocolError("a file that may not begin now, or without a name that can be shown")
        self._is_opening = True
        self.last_page += 1
        self._firsts.append(self.last_page)
        self._members.append(
            Member(
                path=path,
                first_page=self.last_page,
                pages=0,
                file_type=FileType.UNSUPPORTED,
                size_bytes=0,
            )
        )

    def open(self, message: MemberOpened) -> Member:
        """The file that was begun has its pages."""
        if not self._is_opening or len(message.sha256) not in _HASH_CHARS:
            raise ProtocolError("a file that was not begun, or without its hash")
        self._is_opening = False
        member = replace(
            self._members[-1],
            pages=message.pages,
            file_type=message.file_type,
            size_bytes=message.size_bytes,
            sha256=message.sha256,
        )
        self._members[-1] = member
        self.same.add(member)
        # One that is empty, as a mailbox may be, takes no page.
        self.last_page = member.first_page + message.pages - 1 if message.pages else member.first_page
        if self.last_page > MAX_PAGES:
            raise ProtocolError("more pages than a document may have")
        return member

    def first_page_of(self, page: int) -> int:
        """The first page of the file that a page is of; `DOCUMENT` for the document's own."""
        member = self._of(page)
        return member.first_page if member else DOCUMENT

    def pages_beside(self, page: int) -> Iterator[int]:
        """All pages of the file that a page is of; none for the document's own."""
        member = self._of(page)
        return iter(range(member.first_page, member.last_page + 1) if member else ())

    def stamp(self, page: Page) -> Page:
        """The page with its file and its place in that."""
        member = self._of(page.number)
        if member is None:
            return page
        number = page.number - member.first_page + 1 if member.pages else 0
        stamped = replace(page, member_path=member.path, member_page=number)
        self.restore(stamped)
        return stamped

    def _of(self, page: int) -> Member | None:
        index = bisect_right(self._firsts, page) - 1
        return self._members[index] if index >= 0 else None

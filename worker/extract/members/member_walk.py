"""MemberWalk: the pages of a document and of all files within it, numbered through in one order.

A container's own pages come before those of the files in it, depth first. The numbers are the same in every
process: a file that could not be opened is one page, and one that an earlier process was lost on is not
touched again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from PIL import Image

from worker.errors import Code, RejectedError
from worker.extract.disk_space import is_disk_full
from worker.extract.members.mail_headers import MailHeaders
from worker.extract.members.names import clean_name, member_path
from worker.extract.members.unpacking import UnpackedFile, Unpacking
from worker.extract.page_source import ContainedFile, LayeredPage, PageSource, no_preview
from worker.extract.pdf.layer.merge import keep_layer_without_ocr
from worker.models.file import FileType
from worker.models.member import BETWEEN_MEMBERS
from worker.models.page import Page, TextSource

_MAX_COUNTED = 1_000_000
"""So many files beyond the limit are counted: a directory may name the same file for ever."""
_MAX_PREVIEWS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberBegins:
    """The next file is unpacked and opened now."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberIsOpen:
    """It has so many pages; 0 where it cannot be read, which the page that follows says."""

    pages: int
    file_type: FileType = FileType.UNSUPPORTED
    size_bytes: int = 0
    sha256: str = ""


WalkItem = MemberBegins | MemberIsOpen | Page | LayeredPage | int

OpenFile = Callable[[Path, str, FileType | None], tuple[FileType, PageSource]]
"""Opens a file by its path, name and type, which is detected where it is None; raises RejectedError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _OpenSource:
    """A source whose pages begin after so many of the document."""

    source: PageSource
    before: int
    file_type: FileType


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadBefore:
    """What earlier processes have done: finished pages, and the first pages of files lost to them."""

    pages: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()


class MemberWalk:
    """One document; `items` is taken by one thread, and then the rest called by several."""

    def __init__(
        self,
        root: PageSource,
        file_type: FileType,
        *,
        name: str,
        open_file: OpenFile,
        unpacking: Unpacking,
        before: ReadBefore,
    ) -> None:
        self._root = _OpenSource(source=root, before=0, file_type=file_type)
        self._open_file = open_file
        self._limits = unpacking.limits
        self._unpacking = unpacking
        self._name = name
        self._skip = before.pages
        self._lost = before.lost
        self._for_ocr: list[_OpenSource] = []
        self._previews: list[_OpenSource] = [self._root] if root.preview is not no_preview else []
        self._last_page = root.page_count
        self._count = self._beyond = self._ocr_pages = 0
        self.mails = MailHeaders()
        self.unread: list[Code] = list(root.unread)
        """The codes of what the document has beside its pages and files, all of them once it is walked."""

    def items(self) -> Iterator[WalkItem]:
        """Every page in order, and before those of a file that it begins and that it is open."""
        yield from self._pages(self._root)
        yield from self._files_in(self._root.source, path="", depth=1)
        if self._beyond:
            self._last_page += 1
            yield MemberBegins(path=f"{self._beyond} more files")
            yield MemberIsOpen(pages=0)
            most = self._limits.max_members
            text = f"{self._beyond} files beyond the first {most} are not read (CIS_MAX_MEMBERS)"
            yield _lost_page(self._last_page, Code.TOO_MANY_MEMBERS, text)

    def render(self, number: int, folder: Path) -> Path:
        """Draw a page for OCR: see PageSource."""
        open_source = self._source_of(number)
        if open_source.before == 0:
            return open_source.source.render(number, folder)
        # Sources name what they draw by their own numbers, and two may be drawn at a time.
        own = folder / f"member-{number:05d}"
        own.mkdir()
        drawn = open_source.source.render(number - open_source.before, own)
        if not drawn.is_relative_to(own):
            own.rmdir()
            return drawn
        target = drawn.rename(folder / f"page-{number:05d}{drawn.suffix}")
        own.rmdir()
        return target

    def is_cut(self, number: int) -> bool:
        """Whether its picture lacks a part: see PageSource."""
        open_source = self._source_of(number)
        return open_source.source.is_cut(number - open_source.before)

    @property
    def has_preview(self) -> bool:
        """Whether the document or one of its files is of a type that can be drawn."""
        return bool(self._previews)

    def preview(self) -> tuple[FileType, Image.Image] | None:
        """The picture of the first of them that can be drawn, and its type."""
        for open_source in self._previews:
            picture = open_source.source.preview()
            if picture is not None:
                return open_source.file_type, picture
        return None

    def _source_of(self, number: int) -> _OpenSource:
        befores = [each.before for each in self._for_ocr]
        return self._for_ocr[bisect_right(befores, number - 1) - 1]

    def _pages(self, of: _OpenSource, *, extra: tuple[Code, ...] = ()) -> Iterator[Page | LayeredPage | int]:
        """The pages of one source, with their numbers in the document, as long as one of them is needed."""
        needs_ocr, codes = False, tuple(code.value for code in extra)
        last = of.before + of.source.page_count
        needed = [n for n in range(of.before + 1, last + 1) if n not in self._skip]
        for item in of.source.pages if needed else ():
            moved = _move(item, of.before) if of.before else item
            if codes and isinstance(moved, Page):
                moved = replace(moved, unread=tuple(dict.fromkeys((*moved.unread, *codes))))
                codes = ()
            if not isinstance(moved, Page):
                self._ocr_pages += 1
                if self._ocr_pages > self._limits.max_pages:
                    moved = _without_ocr(moved)
                elif not needs_ocr:
                    needs_ocr = True
                    self._for_ocr.append(of)
            yield moved
            if _number(moved) >= needed[-1]:
                break
        # A file of which each page needs OCR, or is finished, has no page that could say it.
        self.unread += [code for code in extra if code.value in codes]

    def _files_in(self, source: PageSource, *, path: str, depth: int) -> Iterator[WalkItem]:
        """The files in one source."""
        try:
            for number, contained in enumerate(source.contained, start=1):
                self._count += 1
                if self._count > self._limits.max_members:
                    self._beyond += 1
                    if self._beyond >= _MAX_COUNTED:
                        return
                    continue
                # A compressed file without a name is called as its container, without the ending of that.
                container = path.rpartition(BETWEEN_MEMBERS)[2] or self._name
                known = contained.name or PurePosixPath(container).stem
                name = clean_name(known, number=number)
                yield from self._member(contained, path=member_path(path, name), depth=depth)
        except Exception as error:
            if is_disk_full(error):
                raise
            # What came before the damage is kept.
            self.unread.append(_why(error, path)[0])

    def _member(self, contained: ContainedFile, *, path: str, depth: int) -> Iterator[WalkItem]:
        first = self._last_page + 1
        yield MemberBegins(path=path)
        unpacked: UnpackedFile | None = None
        try:
            if first in self._lost:
                self._last_page = first
                yield MemberIsOpen(pages=0)
                return
            unpacked = self._unpacking.unpack(contained, path)
            name = PurePosixPath(path).name
            file_type, source = self._open_file(unpacked.path, name, contained.file_type)
        except Exception as error:
            if is_disk_full(error):
                raise
            self._last_page = first
            yield MemberIsOpen(
                pages=0,
                size_bytes=unpacked.size_bytes if unpacked else contained.size_bytes,
                sha256=unpacked.sha256 if unpacked else "",
            )
            code, message = _why(error, path)
            if unpacked and unpacked.is_damaged:
                code, message = Code.CORRUPT, f"{path}: damaged; it cannot be unpacked to its end"
            yield _lost_page(first, code, message)
            if unpacked:
                unpacked.remove()
            return
        yield from self._pages_and_files(unpacked, file_type, source, path=path, depth=depth)

    def _pages_and_files(
        self, unpacked: UnpackedFile, file_type: FileType, source: PageSource, *, path: str, depth: int
    ) -> Iterator[WalkItem]:
        if source.properties.mail is not None:
            self.mails.add(source.properties.mail)
        of = _OpenSource(source=source, before=self._last_page, file_type=file_type)
        self._last_page += source.page_count
        yield MemberIsOpen(
            pages=source.page_count,
            file_type=file_type,
            size_bytes=unpacked.size_bytes,
            sha256=unpacked.sha256,
        )
        is_too_deep = depth >= self._limits.max_depth and any(True for _ in source.contained)
        damage = (Code.CORRUPT,) if unpacked.is_damaged else ()
        codes = (*source.unread, *damage, *((Code.TOO_DEEP,) if is_too_deep else ()))
        is_needed = source.preview is not no_preview and len(self._previews) < _MAX_PREVIEWS
        if is_needed:
            self._previews.append(of)
        kept = len(self._for_ocr)
        yield from self._whole(of, path, extra=codes)
        if not is_too_deep:
            yield from self._files_in(source, path=path, depth=depth + 1)
        if len(self._for_ocr) == kept and not is_needed:
            unpacked.remove()

    def _whole(self, of: _OpenSource, path: str, *, extra: tuple[Code, ...]) -> Iterator[WalkItem]:
        """The pages of a file; those that its reader could not come to, once it has failed, too."""
        number = of.before
        try:
            for item in self._pages(of, extra=extra):
                number = _number(item)
                yield item
        except Exception as error:
            if is_disk_full(error):
                raise
            for lost in range(number + 1, of.before + of.source.page_count + 1):
                yield _lost_page(lost, *_why(error, path))


def _why(error: BaseException, path: str) -> tuple[Code, str]:
    """The code and the message of what ended the reading of a file."""
    if isinstance(error, MemoryError):
        return Code.MEMORY, f"{path}: reading it needs more memory than one document may take"
    if isinstance(error, RejectedError):
        return error.code, str(error)
    return Code.CRASHED, f"{path}: the reader failed with {type(error).__name__}"


def _lost_page(number: int, code: Code, message: str) -> Page:
    return Page(number=number, text="", source=TextSource.NOT_READ, reason=code.value, message=message)


def _number(item: Page | LayeredPage | int) -> int:
    page = item.page if isinstance(item, LayeredPage) else item
    return page if isinstance(page, int) else page.number


def _move(item: Page | LayeredPage | int, before: int) -> Page | LayeredPage | int:
    """The same page with its number in the document."""
    if isinstance(item, int):
        return item + before
    if isinstance(item, LayeredPage):
        return replace(item, page=replace(item.page, number=item.page.number + before))
    return replace(item, number=item.number + before)


def _without_ocr(item: LayeredPage | int) -> Page:
    """A page that needs OCR, after too many others of the document and its files."""
    reason = Code.TOO_MANY_PAGES.value
    if isinstance(item, LayeredPage):
        return keep_layer_without_ocr(item.page, reason=reason, source=TextSource.NOT_READ)
    return Page(number=item, text="", source=TextSource.NOT_READ, reason=reason)

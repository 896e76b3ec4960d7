"""The pages of an Office document: those with its text, and one more for each picture in it.

A picture is OCRed like a scanned page: with a permit, a time-out and limits of its own, so that no picture
can cost the text beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from worker.errors import Code, OCRError, RejectedError
from worker.extract.image.document import header_size_px, open_image
from worker.extract.office.core_properties import core_properties
from worker.extract.office.metafile import metafile_text
from worker.extract.office.ooxml_package import UNREADABLE, Package
from worker.extract.page_source import PageSource, no_preview
from worker.extract.read_options import ReadOptions
from worker.extract.text.text_page import file_page
from worker.models.page import Page, TextSource

# Smaller pictures are icons, bullets and rules.
_MIN_LONGER_PX = 64
_MIN_SHORTER_PX = 16
_MAX_PICTURES = 500
_MAX_METAFILE_BYTES = 32 * 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class PageText:
    """The text of one page; `reason` is why some of it is missing."""

    text: str
    reason: Code | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedPicture:
    """A picture in the archive; `problem` is why it cannot be decoded (None: it can).

    `text` is the text of a metafile, which needs no OCR.
    """

    part: str
    problem: Code | None = None
    text: str | None = None


class PictureFinder:
    """Finds the pictures large enough for OCR, each once however often the document shows it."""

    def __init__(self, package: Package, *, max_pixels: int) -> None:
        self._package = package
        self._max_pixels = max_pixels
        self._seen: set[tuple[int, int]] = set()

    def pictures_of(self, part: str) -> list[EmbeddedPicture]:
        """The pictures that a part refers to and no part before it did."""
        try:
            targets = self._package.targets(part, "image")
        except UNREADABLE:
            return []
        return [picture for target in targets if (picture := self._picture(target)) is not None]

    def _picture(self, target: str) -> EmbeddedPicture | None:
        fingerprint = self._package.fingerprint(target)
        if fingerprint in self._seen or len(self._seen) > _MAX_PICTURES:
            return None
        self._seen.add(fingerprint)
        if len(self._seen) > _MAX_PICTURES:
            return EmbeddedPicture(part=target, problem=Code.TOO_LARGE)
        try:
            with self._package.open(target) as file:
                size_px = header_size_px(file)
        except UNREADABLE:
            return None
        if size_px is None:
            return self._metafile(target)
        if max(size_px) < _MIN_LONGER_PX or min(size_px) < _MIN_SHORTER_PX:
            return None
        too_many = size_px[0] * size_px[1] > self._max_pixels
        return EmbeddedPicture(part=target, problem=Code.TOO_MANY_PIXELS if too_many else None)

    def _metafile(self, target: str) -> EmbeddedPicture | None:
        try:
            with self._package.open(target) as file:
                text = metafile_text(file.read(_MAX_METAFILE_BYTES))
        except UNREADABLE:
            return None
        return EmbeddedPicture(part=target, text=text) if text else None


def assign_pages(
    pictures: Sequence[Sequence[EmbeddedPicture]], *, textless: Iterable[int] = ()
) -> dict[int, EmbeddedPicture]:
    """The pictures by page number, from the pictures of each page (the first is page 1).

    On the `textless` pages the first picture takes the page's own number; all others follow the last page.
    """
    # So slide 7 of a deck of screenshots is found as page 7.
    replaced = {number for number in textless if pictures[number - 1]}
    own = {number: pictures[number - 1][0] for number in sorted(replaced)}
    further = [
        picture
        for number, on_page in enumerate(pictures, start=1)
        for picture in (on_page[1:] if number in replaced else on_page)
    ]
    return own | dict(enumerate(further, start=len(pictures) + 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficePages:
    """`texts` of the document's own `count` pages, read lazily, and its pictures by page number."""

    package: Package
    texts: Iterable[PageText]
    count: int
    pictures: Mapping[int, EmbeddedPicture]
    options: ReadOptions
    cut: set[int] = field(default_factory=set)
    """The pages whose pictures were drawn without a part that the file does not have."""

    def source(self) -> PageSource:
        """These pages as the opened document; there is no preview."""
        return PageSource(
            page_count=max([self.count, *self.pictures]),
            pages=self._pages(),
            render=self._render,
            preview=no_preview,
            is_cut=self.cut.__contains__,
            properties=core_properties(self.package),
        )

    def _pages(self) -> Iterator[Page | int]:
        for number, page in enumerate(self.texts, start=1):
            if number in self.pictures:
                yield self._picture_page(number)
            else:
                yield file_page(number, page.text, self.options, reason=page.reason)
        for number in sorted(self.pictures):
            if number > self.count:
                yield self._picture_page(number)

    def _picture_page(self, number: int) -> Page | int:
        picture, problem = self.pictures[number], self.pictures[number].problem
        if picture.text is not None:
            return file_page(number, picture.text, self.options)
        if problem is None:
            return number
        return Page(number=number, text="", source=TextSource.FAILED, reason=problem.value)

    def _render(self, number: int, folder: Path) -> Path:
        """Unpack a picture and prepare it for OCR as an image file. Raises OCRError."""
        part = self.pictures[number].part
        own = folder / f"picture-{number:05d}"
        own.mkdir()
        try:
            original = own / "original"
            self.package.extract(part, original)
            source = open_image(original, self.options)
            image = source.render(1, own)
            if source.is_cut(1):
                self.cut.add(number)
            return image.rename(folder / f"page-{number:05d}{image.suffix}")
        except (RejectedError, *UNREADABLE) as error:
            code = error.code if isinstance(error, RejectedError) else Code.CORRUPT
            raise OCRError(
                f"{self.package.name}, picture {part}: cannot be decoded ({error})",
                retry_allowed=False,
                code=code,
            ) from error
        finally:
            shutil.rmtree(own, ignore_errors=True)

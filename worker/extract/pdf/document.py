"""PDFs: the text layer page by page where it can be trusted, else a grey picture of the page for OCR.

`text_layer` judges the layer, `pdf_drawing` draws, `joined_page` joins what both say. pdfium reads, and
draws the preview. It is not safe for threads, so a lock guards every call; pages for OCR, of which several
are drawn at once, are left to pdftoppm.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw
from PIL import Image
from pypdfium2 import PdfiumError

from worker.errors import Code, OCRError, RejectedError
from worker.extract.page_source import LayeredPage, PageSource
from worker.extract.pdf.annotations import flatten, notes_of, open_form
from worker.extract.pdf.layer_merge import unrecognised
from worker.extract.pdf.page_objects import in_pixels, most_pixels, pictures_of
from worker.extract.pdf.rasterizer import PageSize, draw_page, mask_outside, user_unit
from worker.extract.pdf.text_layer import TextLayer, read_layer
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import language_of_text
from worker.models.page import Page, TextSource

_PREVIEW_PX = 1024
_TELLING_CHARS = 800
"""The beginning of a page tells its language."""

_MAX_LOST_IN_A_ROW = 100
_MAX_PAGES = 100_000
"""Pages looked at at all: a tree of pages may name one page a million times in a few bytes."""
_MAX_PASSWORDS = 100


def open_pdf(path: Path, options: ReadOptions) -> PageSource:
    """Open a PDF; its pages are read lazily, and each is closed before the next.

    An owner password does not matter; of the passwords in the options the first that fits opens the file.
    Raises RejectedError: `encrypted` (it needs a password that is not among them) or `corrupt` (it cannot
    be parsed, or none of its pages can).
    """
    # A file without pages sets no error in pdfium, which then tells the one before: let that be "no PDF".
    pypdfium2.raw.FPDF_LoadMemDocument(b"", 0, None)
    pdf = _Pdf(path, options, *_opened(path, options))
    if not pdf.has_pages():
        raise RejectedError(f"{path.name}: none of its pages can be parsed")
    return PageSource(page_count=pdf.page_count, pages=pdf.pages(), render=pdf.render, preview=pdf.preview)


def _opened(path: Path, options: ReadOptions) -> tuple[Any, bool]:
    """The document, and whether it took a password."""
    for password in (None, *options.pdf_passwords[:_MAX_PASSWORDS]):
        try:
            return pypdfium2.PdfDocument(path, password=password), password is not None
        except PdfiumError as error:
            if error.err_code not in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
                raise RejectedError(f"{path.name}: not a PDF that can be parsed ({error})") from error
    raise RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)


class _Pdf:
    """An open document; all of it may be used from several threads, but for `pages` itself."""

    def __init__(self, path: Path, options: ReadOptions, document: Any, locked: bool) -> None:
        self._path = path
        self._options = options
        self._document = document
        self._locked = locked
        self._lock = threading.Lock()
        self._mixed: dict[int, TextLayer] = {}
        self._unit: float | None = None
        self._copy: Path | None = None
        open_form(document)
        self.page_count = min(len(document), _MAX_PAGES)

    def has_pages(self) -> bool:
        """Whether at least one page can be parsed."""
        return any(self._can_load(index) for index in range(min(self.page_count, _MAX_LOST_IN_A_ROW)))

    def pages(self) -> Iterator[Page | LayeredPage | int]:
        """Every page with its text, or its number where it must be recognised; see PageSource.

        Beyond `max_pages` pages to recognise only text layers are read.
        """
        lost_in_a_row = to_recognise = 0
        for number in range(1, self.page_count + 1):
            with self._lock:
                page = self._read(number)
            if not isinstance(page, Page):
                to_recognise += 1
                if to_recognise > self._options.limits.max_pages:
                    page = _not_read(page)
            if number == _MAX_PAGES < len(self._document):
                page = _not_read(number)
            failed = isinstance(page, Page) and page.source.is_failure
            lost_in_a_row = lost_in_a_row + 1 if failed else 0
            yield page
            if lost_in_a_row == _MAX_LOST_IN_A_ROW:
                return  # the count in the file was a lie, or the rest of the file is missing

    def render(self, number: int, folder: Path) -> Path:
        """Draw a page for OCR (see `draw_page`), of a mixed page only what its layer does not tell."""
        with self._lock:
            try:
                with closing(self._document[number - 1]) as page:
                    size = self._size(page)
                path = self._unlocked()
            except PdfiumError as error:
                raise OCRError(f"{self._path.name}, page {number}: cannot be parsed") from error
        drawn = draw_page(path, number, folder, size=size, options=self._options)
        layer = self._mixed.get(number)
        if layer is not None:
            self._leave_pictures(number, layer, drawn)
        return drawn

    def preview(self) -> Image.Image | None:
        """The first page, at most 1024 px on its longer side; None if it cannot be drawn within limits."""
        with self._lock:
            try:
                with closing(self._document[0]) as page:
                    return self._draw_preview(page)
            except PdfiumError:
                return None

    def _can_load(self, index: int) -> bool:
        try:
            self._document[index].close()
        except PdfiumError:
            return False
        return True

    def _read(self, number: int) -> Page | LayeredPage | int:
        try:
            page, notes = self._page_with_notes(number)
        except PdfiumError:
            return Page(number=number, text="", source=TextSource.FAILED, reason=Code.CORRUPT.value)
        with closing(page):
            try:
                layer = read_layer(page)
            except PdfiumError:
                return number
            if layer.drawn and not notes:
                return number
            width_pt, height_pt = page.get_size()
        text = layer.text if layer.reason else "\n\n".join(filter(None, (layer.text, notes)))
        read = Page(
            number=number,
            text=text,
            source=TextSource.TEXT_LAYER if text else TextSource.BLANK,
            language=language_of_text(text[:_TELLING_CHARS]),
            width_px=round(width_pt),
            height_px=round(height_pt),
            layer_reason=layer.reason.value if layer.reason else None,
        )
        if layer.pictures:
            self._mixed[number] = layer
        return LayeredPage(page=read) if layer.pictures or layer.reason or layer.drawn else read

    def _page_with_notes(self, number: int) -> tuple[Any, str]:
        """The page with what annotations show on it, and what they say beside it."""
        page = self._document[number - 1]
        notes = notes_of(page)
        if flatten(page):
            page.close()
            page = self._document[number - 1]
        return page, notes

    def _size(self, page: Any) -> PageSize:
        if self._unit is None:
            self._unit = user_unit(self._path)
        width_pt, height_pt = page.get_size()
        finest = max((picture.pixels_per_point for picture in pictures_of(page)), default=0.0)
        return PageSize(size_pt=(width_pt * self._unit, height_pt * self._unit), finest=finest / self._unit)

    def _leave_pictures(self, number: int, layer: TextLayer, drawn: Path) -> None:
        with Image.open(drawn) as picture:
            size_px = picture.size
        with self._lock, closing(self._document[number - 1]) as page:
            regions = [in_pixels(page, box, size_px) for box in layer.pictures]
            written = [in_pixels(page, box, size_px) for box in layer.written]
        mask_outside(drawn, regions, without=written)

    def _unlocked(self) -> Path:
        """The file that pdftoppm draws: where a password is needed, a copy without.

        So no password stands on a command line, which every user of the machine can read. The copy lies with
        the temporary files of this process, which its owner removes; it may be too large for memory.
        """
        if self._locked and self._copy is None:
            copy = Path(tempfile.mkdtemp(prefix="unlocked-")) / self._path.name
            self._document.save(copy, flags=pypdfium2.raw.FPDF_REMOVE_SECURITY)
            self._copy = copy
        return self._copy or self._path

    def _draw_preview(self, page: Any) -> Image.Image | None:
        if most_pixels(page) > self._options.limits.max_pixels:
            return None
        scale = _PREVIEW_PX / max(*page.get_size(), 1.0)
        with closing(page.render(scale=scale)) as bitmap:
            picture: Image.Image = bitmap.to_pil().convert("RGB")
            picture.thumbnail((_PREVIEW_PX, _PREVIEW_PX))  # the size was rounded up
            return picture.copy()


def _not_read(page: LayeredPage | int) -> Page:
    """A page that would have to be recognised, in a document that has too many of them."""
    reason = Code.TOO_MANY_PAGES.value
    if isinstance(page, LayeredPage):
        return unrecognised(page.page, reason=reason, source=TextSource.NOT_READ)
    return Page(number=page, text="", source=TextSource.NOT_READ, reason=reason)

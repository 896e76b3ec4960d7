"""PDFs: the text layer of each page where it is good, else a grayscale image of the page for OCR.

pdfium reads the pages and draws the preview; pdftoppm renders the pages for OCR, several at once.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pypdfium2.raw
from PIL import Image
from pypdfium2 import PdfiumError

from worker.errors import Code, OCRError, RejectedError
from worker.extract.page_source import LayeredPage, PageSource
from worker.extract.pdf.annotations import attached_files, flatten, notes_of, open_form
from worker.extract.pdf.attachments import (
    attachment_names,
    attachments,
    files_on_pages,
    has_embedded_files,
)
from worker.extract.pdf.document_properties import document_properties
from worker.extract.pdf.dynamic_form import form_text, is_dynamic_form
from worker.extract.pdf.layer.merge import keep_layer_without_ocr
from worker.extract.pdf.layer.text_layer import TextLayer, read_layer
from worker.extract.pdf.opening import OpenedPdf, open_document
from worker.extract.pdf.page_objects import in_pixels, most_pixels, pictures_of, smallest_letters_pt
from worker.extract.pdf.page_pictures import PagePictures, draw_pictures
from worker.extract.pdf.rasterizer import PageSize, mask_outside, render_page
from worker.extract.pdf.signers import signers
from worker.extract.pdf.user_unit import user_units
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean, language_of_text
from worker.extract.text.text_page import file_page
from worker.models.page import Page, TextSource

_PREVIEW_PX = 1024
_MAX_LOST_IN_A_ROW = 100
# A tree of pages may name one page a million times in a few bytes.
_MAX_PAGES = 100_000
# pdfium is not safe for threads: the lock guards every call, of all documents that are open in this process.
_LOCK = threading.Lock()


def open_pdf(path: Path, options: ReadOptions) -> PageSource:
    """Open a PDF; its pages are read lazily, and each is closed before the next.

    An owner password does not matter; of the passwords in the options the first that fits opens the file.
    Raises RejectedError: `encrypted` (it needs a password that is not among them) or `corrupt` (it cannot
    be parsed, or none of its pages can).
    """
    opened = open_document(path, options.pdf_passwords)
    pdf = _Pdf(path, options, opened)
    if not pdf.has_pages():
        raise RejectedError(f"{path.name}: none of its pages can be parsed")
    names, is_form = attachment_names(opened.document), is_dynamic_form(opened.document)
    form = form_text(opened.document) if is_form else None
    signed = signers(opened.document, path, options.pdf_passwords)
    text = "\n\n".join(filter(None, (form.text if form else "", "\n".join(names), "\n".join(signed.names))))
    pages: Iterable[Page | LayeredPage | int] = pdf.pages()
    if text:
        pages = chain(pages, (file_page(pdf.page_count + 1, clean(text), options),))
    return PageSource(
        page_count=pdf.page_count + (1 if text else 0),
        pages=iter(pages),
        render=pdf.render,
        preview=pdf.preview,
        unread=(
            *((form.problem,) if form and form.problem else ()),
            *((Code.SIGNATURE,) if signed.unnamed else ()),
        ),
        properties=document_properties(opened.document, path),
        contained=chain(
            attachments(opened.document, names, _LOCK),
            files_on_pages(path, options.pdf_passwords, _LOCK) if pdf.has_embedded_files else (),
        ),
    )


class _Pdf:
    """An open document; `render` and `preview` may be called from several threads, `pages` from one."""

    def __init__(self, path: Path, options: ReadOptions, opened: OpenedPdf) -> None:
        self._path = path
        self._options = options
        self._document = opened.document
        self._needs_password = opened.needs_password
        self._has_hidden_groups = opened.has_hidden_groups
        self._has_unmarked_groups = opened.has_unmarked_groups
        self._lock = _LOCK
        self._pictures = PagePictures()
        self._mixed_layers: dict[int, TextLayer] = {}
        self._units: list[float] | None = None
        self.has_embedded_files = has_embedded_files(path)
        self._copy = opened.copy
        open_form(self._document)
        self.page_count = min(len(self._document), _MAX_PAGES)

    def has_pages(self) -> bool:
        """Whether at least one page can be parsed."""
        return any(self._can_load(index) for index in range(min(self.page_count, _MAX_LOST_IN_A_ROW)))

    def pages(self) -> Iterator[Page | LayeredPage | int]:
        """Every page with its text, or its number where it needs OCR; see PageSource.

        Beyond `max_pages` pages for OCR only text layers are read.
        """
        lost_in_a_row = ocr_pages = 0
        for number in range(1, self.page_count + 1):
            with self._lock:
                page = self._read(number)
            if not isinstance(page, Page):
                ocr_pages += 1
                if ocr_pages > self._options.limits.max_pages:
                    self._pictures.forget(number)
                    page = _page_over_limit(page)
            if number == _MAX_PAGES < len(self._document):
                page = _page_over_limit(number)
            failed = isinstance(page, Page) and page.source.is_failure
            lost_in_a_row = lost_in_a_row + 1 if failed else 0
            yield page
            if lost_in_a_row == _MAX_LOST_IN_A_ROW:
                return  # the count in the file is wrong, or the rest of the file is missing

    def render(self, number: int, folder: Path) -> Path:
        """Render a page for OCR (see `render_page`); of a mixed page only what its layer has no text of."""
        layer = self._mixed_layers.get(number)
        with self._lock:
            try:
                with closing(self._document[number - 1]) as page:
                    if layer is not None and most_pixels(page) <= self._options.limits.max_pixels:
                        return _save(draw_pictures(page, layer), folder, number)
                    path = self._readable_path()
                    size = self._size(page, number, path)
            except PdfiumError as error:
                raise OCRError(f"{self._path.name}, page {number}: cannot be parsed") from error
        image = render_page(path, number, folder, size=size, options=self._options)
        if layer is not None:
            self._mask_outside_pictures(number, layer, image)
        return image

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
            page, notes, unread = self._page_with_notes(number)
        except PdfiumError:
            return Page(number=number, text="", source=TextSource.FAILED, reason=Code.CORRUPT.value)
        with closing(page):
            if self._has_unmarked_groups:
                return number  # what is drawn of the page hides them
            try:
                layer = read_layer(page, has_hidden_groups=self._has_hidden_groups)
                layer = self._pictures.drop_seen(page, number, layer)
            except PdfiumError:
                return number
            if layer.has_drawing and not notes:
                return number
            width_pt, height_pt = page.get_size()
        text = layer.text if layer.reason else "\n\n".join(filter(None, (layer.text, notes)))
        read = Page(
            number=number,
            text=text,
            source=TextSource.TEXT_LAYER if text else TextSource.BLANK,
            language=language_of_text(text),
            width_px=round(width_pt),
            height_px=round(height_pt),
            layer_reason=layer.reason.value if layer.reason else None,
            unread=unread,
        )
        if layer.pictures:
            self._mixed_layers[number] = layer
        return LayeredPage(page=read) if layer.pictures or layer.reason or layer.has_drawing else read

    def _page_with_notes(self, number: int) -> tuple[Any, str, tuple[str, ...]]:
        """The page with its annotations made part of its content, the text of its notes, what is not read."""
        page = self._document[number - 1]
        notes = notes_of(page)
        files = attached_files(page)
        is_unread = None in files or (bool(files) and not self.has_embedded_files)
        unread = (Code.ATTACHED_FILES.value,) if is_unread else ()
        if flatten(page):
            page.close()
            page = self._document[number - 1]
        return page, notes, unread

    def _size(self, page: Any, number: int, path: Path) -> PageSize:
        # Read when the first page is rendered: documents whose pages all have a good layer never need it.
        if self._units is None:
            self._units = user_units(path, max_pages=self.page_count)
        unit = self._units[number - 1] if number <= len(self._units) else 1.0
        width_pt, height_pt = page.get_size()
        density = max((picture.pixels_per_point for picture in pictures_of(page)), default=0.0)
        size = PageSize(size_pt=(width_pt * unit, height_pt * unit), max_density=density / unit)
        return replace(size, letters_pt=smallest_letters_pt(page) * unit) if size.is_poster else size

    def _mask_outside_pictures(self, number: int, layer: TextLayer, image: Path) -> None:
        with Image.open(image) as page_image:
            size_px = page_image.size
        with self._lock, closing(self._document[number - 1]) as page:
            regions = [in_pixels(page, box, size_px) for box in layer.pictures]
            text_regions = [in_pixels(page, box, size_px) for box in layer.text_boxes]
        mask_outside(image, regions, exclude=text_regions)

    def _readable_path(self) -> Path:
        """The file for other programs: where they need a password or see hidden content, the copy."""
        # A password on a command line is readable by every user of the machine. The copy may be too large
        # for memory: it is on disk, among the temporary files of this process, which its parent removes.
        if self._needs_password and self._copy is None:
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
            picture.thumbnail((_PREVIEW_PX, _PREVIEW_PX))  # pdfium rounds the size up
            return picture.copy()


def _save(picture: Image.Image, folder: Path, number: int) -> Path:
    path = folder / f"page-{number:05d}.pgm"
    picture.save(path)
    return path


def _page_over_limit(page: LayeredPage | int) -> Page:
    """A page that needs OCR, in a document that has too many of them."""
    reason = Code.TOO_MANY_PAGES.value
    if isinstance(page, LayeredPage):
        return keep_layer_without_ocr(page.page, reason=reason, source=TextSource.NOT_READ)
    return Page(number=page, text="", source=TextSource.NOT_READ, reason=reason)

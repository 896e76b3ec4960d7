"""PDFs: the text layer page by page where it can be trusted, else a grey picture of the page for OCR.

pdfium reads, and draws the preview. It is not safe for threads, so a lock guards every call; pages for OCR,
of which several are drawn at once, are left to pdftoppm.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw
from PIL import Image
from pypdfium2 import PdfiumError

from worker.errors import Code, OCRError, RejectedError
from worker.extract.page_source import PageSource
from worker.extract.pdf_drawing import draw_page
from worker.extract.text import clean, language_of_text
from worker.models import Page, TextSource
from worker.read_options import ReadOptions

_PREVIEW_PX = 1024

_SHORT_LAYER_CHARS = 100
_PICTURE_SHARE = 0.1
"""A layer shorter than that, beside pictures larger than this share of the page, may be but a stamp."""
_GARBAGE_SHARE = 0.2
_MIN_LETTER_SHARE = 0.3
_MAX_SAMPLED_CHARS = 400
_MAX_OBJECTS = 10_000
_MAX_LOST_IN_A_ROW = 100
_HYPHENS = "\x02\ufffe"
"""What pdfium puts where a word was parted at the end of a line (it joins the word)."""
_SIGN_RUN = re.compile(r"([^\w\s])\1+")


def open_pdf(path: Path, options: ReadOptions) -> PageSource:
    """Open a PDF; its pages are read lazily, and each is closed before the next.

    An owner password does not matter. Raises RejectedError: `encrypted` (a password is needed to open it)
    or `corrupt` (it cannot be parsed, or none of its pages can).
    """
    # A file without pages sets no error in pdfium, which then tells the one before: let that be "no PDF".
    pypdfium2.raw.FPDF_LoadMemDocument(b"", 0, None)
    try:
        document = pypdfium2.PdfDocument(path)
    except PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise RejectedError(
                f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED
            ) from error
        raise RejectedError(f"{path.name}: not a PDF that can be parsed ({error})") from error
    pdf = _Pdf(path, options, document)
    if not pdf.has_pages():
        raise RejectedError(f"{path.name}: none of its pages can be parsed")
    return PageSource(page_count=len(document), pages=pdf.pages(), render=pdf.render, preview=pdf.preview)


class _Pdf:
    """An open document; all of it may be used from several threads, but for `pages` itself."""

    def __init__(self, path: Path, options: ReadOptions, document: Any) -> None:
        self._path = path
        self._options = options
        self._document = document
        self._lock = threading.Lock()

    def has_pages(self) -> bool:
        """Whether at least one page can be parsed."""
        return any(self._can_load(index) for index in range(min(len(self._document), _MAX_LOST_IN_A_ROW)))

    def pages(self) -> Iterator[Page | int]:
        """Every page with its text, or its number where it must be recognised."""
        lost_in_a_row = 0
        for number in range(1, len(self._document) + 1):
            with self._lock:
                page = self._read(number)
            failed = isinstance(page, Page) and page.source.failed
            lost_in_a_row = lost_in_a_row + 1 if failed else 0
            yield page
            if lost_in_a_row == _MAX_LOST_IN_A_ROW:
                return  # the count in the file was a lie, or the rest of the file is missing

    def render(self, number: int, folder: Path) -> Path:
        """Draw a page for OCR; see `draw_page`."""
        with self._lock:
            try:
                size_pt = self._document.get_page_size(number - 1)
            except PdfiumError as error:
                raise OCRError(f"{self._path.name}, page {number}: cannot be parsed") from error
        return draw_page(self._path, number, folder, size_pt=size_pt, options=self._options)

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

    def _read(self, number: int) -> Page | int:
        try:
            page = self._document[number - 1]
        except PdfiumError:
            return Page(number=number, text="", source=TextSource.FAILED, reason=Code.CORRUPT.value)
        with closing(page):
            try:
                text = _trusted_text(page)
            except PdfiumError:
                return number
            if text is None:
                return number
            width_pt, height_pt = page.get_size()
        return Page(
            number=number,
            text=text,
            source=TextSource.TEXT_LAYER,
            language=language_of_text(text),
            width_px=round(width_pt),
            height_px=round(height_pt),
        )

    def _draw_preview(self, page: Any) -> Image.Image | None:
        for thing in islice(page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]), _MAX_OBJECTS):
            width_px, height_px = thing.get_px_size()
            if width_px * height_px > self._options.limits.max_pixels:
                return None
        scale = _PREVIEW_PX / max(*page.get_size(), 1.0)
        with closing(page.render(scale=scale)) as bitmap:
            picture: Image.Image = bitmap.to_pil().convert("RGB")
            picture.thumbnail((_PREVIEW_PX, _PREVIEW_PX))  # the size was rounded up
            return picture.copy()


def _trusted_text(page: Any) -> str | None:
    """The page's text layer, "" for a page that draws nothing, None where the page must be recognised."""
    with closing(page.get_textpage()) as layer:
        raw: str = layer.get_text_bounded()
        text = clean(raw.translate(dict.fromkeys(map(ord, _HYPHENS))))
        if not text:
            return None if _draws_more_than_text(page) else ""
        if _looks_like_garbage(raw) or _unmapped_share(layer) > _GARBAGE_SHARE:
            return None
    if len("".join(text.split())) < _SHORT_LAYER_CHARS and _picture_share(page) > _PICTURE_SHARE:
        return None
    return text


def _looks_like_garbage(raw: str) -> bool:
    """Whether the text is no writing: broken characters, or hardly a letter or digit among the signs."""
    chars = _SIGN_RUN.sub(r"\1", "".join(raw.split()))
    for hyphen in _HYPHENS:
        chars = chars.replace(hyphen, "")
    broken = sum(char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cn", "Co") for char in chars)
    letters = sum(map(str.isalnum, chars))
    return broken > _GARBAGE_SHARE * len(chars) or letters < _MIN_LETTER_SHARE * len(chars)


def _unmapped_share(layer: Any) -> float:
    """Share of glyphs whose font does not tell which character they are (a sample of the page)."""
    count: int = layer.count_chars()
    sample = range(0, count, max(1, count // _MAX_SAMPLED_CHARS))
    unmapped: int = sum(pypdfium2.raw.FPDFText_HasUnicodeMapError(layer, index) == 1 for index in sample)
    return unmapped / max(1, len(sample))


def _draws_more_than_text(page: Any) -> bool:
    """Whether there is ink that no text layer tells of: pictures, outlined letters, annotations."""
    plain = (pypdfium2.raw.FPDF_PAGEOBJ_TEXT, pypdfium2.raw.FPDF_PAGEOBJ_FORM)
    objects = islice(page.get_objects(), _MAX_OBJECTS)
    return any(thing.type not in plain for thing in objects) or pypdfium2.raw.FPDFPage_GetAnnotCount(page) > 0


def _picture_share(page: Any) -> float:
    """The share of the page that pictures cover (overlaps counted twice)."""
    left, bottom, right, top = (float(side) for side in page.get_bbox())
    area = 0.0
    for thing in islice(page.get_objects(max_depth=1), _MAX_OBJECTS):
        if _is_picture(page, thing):
            x0, y0, x1, y1 = (float(side) for side in thing.get_bounds())
            area += max(0.0, min(x1, right) - max(x0, left)) * max(0.0, min(y1, top) - max(y0, bottom))
    return area / max(1.0, (right - left) * (top - bottom))


def _is_picture(page: Any, thing: Any) -> bool:
    """Whether a page object is a picture, or a form that holds one."""
    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    if thing.type != pypdfium2.raw.FPDF_PAGEOBJ_FORM:
        return bool(thing.type == image)
    return any(True for _ in page.get_objects([image], form=thing, level=1))

"""A searchable PDF of an OCRed file: its pages as they are, with what was read as invisible text over it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from pikepdf import Name, Pdf
from pypdfium2 import PdfiumError

from worker.errors import Code, RejectedError
from worker.extract.image.decoders import DECODER_ERRORS
from worker.extract.searchable.glyphless_font import GlyphlessFont
from worker.extract.searchable.old_layer import remove_invisible_text
from worker.extract.searchable.picture_pages import add_picture_pages
from worker.extract.searchable.text_layer import Box, text_layer, user_space
from worker.models.file import FileType
from worker.models.page import Page, TextSource

_LETTER: Box = (0.0, 0.0, 612.0, 792.0)
_ERRORS = (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError, ValueError, TypeError, KeyError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """How many pages the PDF has, on how many of them text was laid, and those that could not be drawn."""

    pages: int
    with_text: int
    lost: tuple[int, ...] = ()


def write_searchable(
    path: Path,
    file_type: FileType,
    pages: Sequence[Page],
    target: Path,
    *,
    passwords: Sequence[str] = (),
    max_pixels: int,
) -> Written:
    """Write the PDF of a PDF or a picture, whose OCRed pages are given; a protected file stays so.

    Raises RejectedError where the file cannot be opened or written.
    """
    by_number = {page.number: page for page in pages if page.source.has_ocr_text}
    if file_type is FileType.PDF:
        with _open(path, passwords) as pdf:
            return _write(pdf, {number: number for number in range(1, len(pdf.pages) + 1)}, by_number, target)
    with pikepdf.new() as pdf:
        try:
            numbers = add_picture_pages(pdf, path, max_pixels=max_pixels)
        except DECODER_ERRORS as error:
            raise RejectedError(f"{path.name}: cannot be drawn ({type(error).__name__})") from error
        if not any(numbers):
            raise RejectedError(f"{path.name}: cannot be drawn", code=Code.CORRUPT)
        return _write(pdf, dict(enumerate(numbers, start=1)), by_number, target)


@contextmanager
def _open(path: Path, passwords: Sequence[str]) -> Iterator[Pdf]:
    """The file as qpdf reads it, else as pdfium repairs it."""
    for password in ("", *passwords):
        try:
            pdf = pikepdf.open(path, password=password, suppress_warnings=True)
        except _ERRORS:
            continue
        with pdf:
            yield pdf
        return
    try:
        document = pypdfium2.PdfDocument(path)
        copy = Path(tempfile.mkdtemp(prefix="repaired-")) / "copy.pdf"
        document.save(copy, flags=pdfium.FPDF_REMOVE_SECURITY)
        pdf = pikepdf.open(copy, suppress_warnings=True)
    except (PdfiumError, *_ERRORS) as error:
        raise RejectedError(f"{path.name}: not a PDF to which text can be added ({error})") from error
    with pdf:
        yield pdf


def _write(pdf: Pdf, places: Mapping[int, int], pages: Mapping[int, Page], target: Path) -> Written:
    """Lay the text of `pages` over those at their places in the PDF (0: lost), and save it."""
    font = GlyphlessFont(pdf)
    lost = [number for number, place in places.items() if not place]
    with_text = 0
    try:
        for number, page in sorted(pages.items()):
            place = places.get(number, 0)
            if place and _lay(pdf, pdf.pages[place - 1], page, font):
                with_text += 1
            elif not place and number not in lost:
                lost.append(number)
        font.finish()
        pdf.save(target, encryption=bool(pdf.is_encrypted))
    except _ERRORS as error:
        raise RejectedError(f"{target.name}: text cannot be added to it ({type(error).__name__})") from error
    return Written(pages=len(pdf.pages), with_text=with_text, lost=tuple(lost))


def _lay(pdf: Pdf, drawn: pikepdf.Page, page: Page, font: GlyphlessFont) -> bool:
    """Put the text of a page in front of what is drawn; whether it has any."""
    name = drawn.add_resource(font.object, Name.Font)
    layer = text_layer(
        page, font, font_name=str(name), space=user_space(_visible_box(drawn), _degrees(drawn))
    )
    if not layer:
        return False
    if page.source is TextSource.OCR:
        # A page with a good layer keeps that, and is of another source.
        remove_invisible_text(pdf, drawn)
    drawn.contents_add(layer, prepend=True)
    return True


def _visible_box(page: pikepdf.Page) -> Box:
    """The part of a page's space that programs show: the crop box within the media box."""
    media = _box(page.obj.get("/MediaBox")) or _LETTER
    crop = _box(page.obj.get("/CropBox")) or media
    shown = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    return shown if shown[0] < shown[2] and shown[1] < shown[3] else media


def _box(value: Any) -> Box | None:
    try:
        x, y, to_x, to_y = (float(number) for number in value)
    except (TypeError, ValueError):
        return None
    box = (min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y))
    return box if box[0] < box[2] and box[1] < box[3] else None


def _degrees(page: pikepdf.Page) -> int:
    try:
        degrees = int(page.obj.get("/Rotate", 0)) % 360
    except (TypeError, ValueError):
        return 0
    return degrees if degrees % 90 == 0 else 0

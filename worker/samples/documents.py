"""Sample documents with embedded text: born-digital and encrypted PDF, and Word."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from worker.samples.fonts import Font, font_path
from worker.samples.typesetting import wrap

_MARGIN_PT = 62.0
_BODY_PT = 10.5
_HEADING_PT = 18.0
_LEADING_PT = 19.0
_ZIP_DATE = (2025, 1, 1, 0, 0, 0)


def write_pdf(path: Path, pages: tuple[str, ...], *, font: Font, password: str | None = None) -> None:
    """Write a PDF with a text layer and an embedded font, encrypted when a password is given."""
    pdfmetrics.registerFont(TTFont(font.name, str(font_path(font))))
    encryption = StandardEncryption(password, strength=128) if password else None
    # invariant: no time stamps and ids in the file, so that the bytes are reproducible.
    canvas = Canvas(str(path), pagesize=A4, invariant=1, encrypt=encryption)
    canvas.setTitle(pages[0].split("\n")[0])
    for page in pages:
        _draw(canvas, page, font.name)
        canvas.showPage()
    canvas.save()


def _draw(canvas: Canvas, page: str, font: str) -> None:
    heading, _, body = page.partition("\n")
    y_pt = A4[1] - _MARGIN_PT - _HEADING_PT
    canvas.setFont(font, _HEADING_PT)
    canvas.drawString(_MARGIN_PT, y_pt, heading)
    y_pt -= 2 * _LEADING_PT
    canvas.setFont(font, _BODY_PT)
    for line in wrap(body, A4[0] - 2 * _MARGIN_PT, lambda text: pdfmetrics.stringWidth(text, font, _BODY_PT)):
        canvas.drawString(_MARGIN_PT, y_pt, line)
        y_pt -= _LEADING_PT


def write_docx(
    path: Path, title: str, paragraphs: tuple[str, ...], table: tuple[tuple[str, ...], ...]
) -> str:
    """Write a Word document with a heading, paragraphs and a table; returns its text."""
    document = docx.Document()
    document.add_heading(title, level=1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    grid = document.add_table(rows=len(table), cols=len(table[0]), style="Table Grid")
    for cells, row in zip(grid.rows, table, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text
    file = io.BytesIO()
    document.save(file)
    path.write_bytes(_fix_dates(file))
    return "\n".join((title, *paragraphs, *("\t".join(row) for row in table)))


def _fix_dates(file: io.BytesIO) -> bytes:
    """The same zip with fixed dates; python-docx writes the current ones, which are not reproducible."""
    copy = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return copy.getvalue()

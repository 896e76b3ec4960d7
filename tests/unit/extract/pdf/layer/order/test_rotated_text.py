"""Text that runs down or up is read line by line, in the order in which it is drawn."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import SENTENCE, Draw, in_hex, not_embedded, pdf, write
from worker.extract.pdf.layer.order.characters import read_characters, text_of
from worker.extract.pdf.layer.order.rotated_text import rotated_text

pytestmark = pytest.mark.unit

_LINES = ("The accounts of the year", "give a true view of the", "state of the company.")
_COLUMNS = ("吾輩は猫である。名前は", "まだ無い。どこで生れたか", "とんと見当がつかぬ。")


def _text(path: Path) -> str | None:
    page = pypdfium2.PdfDocument(path)[0]
    layer = page.get_textpage()
    rotated = rotated_text(page, layer, read_characters(page, layer))
    return None if rotated is None else text_of(rotated).strip().replace("\r\n", "\n")


def _write_rotated(degrees: int) -> Draw:
    """Lines that run up (90) or down (-90) the page, with a table of narrow columns."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        canvas.rotate(degrees)
        left, top = (100, -100) if degrees > 0 else (-700, 400)
        for number, line in enumerate(_LINES):
            canvas.drawString(left, top - 15 * number, line)
        for cell, x in (("10", 0), ("150", 20), ("1,500", 48)):
            canvas.drawString(left + x, top - 60, cell)

    return draw


def _vertical(folder: Path, columns: tuple[str, ...]) -> Path:
    """Columns from right to left."""
    texts = [
        b"1 0 0 1 %d 700 Tm %s Tj" % (400 - 25 * number, in_hex(column))
        for number, column in enumerate(columns)
    ]
    return not_embedded(folder, b"BT /F 14 Tf %s ET" % b" ".join(texts), encoding=b"UniJIS-UCS2-V")


@pytest.mark.parametrize("degrees", [90, -90])
def test_rotated_lines_and_cells_stay_apart(tmp_path: Path, degrees: int) -> None:
    text = _text(pdf(tmp_path, _write_rotated(degrees)))

    assert text is not None
    assert text.split("\n") == [*_LINES, "10 150 1,500"]


def test_vertical_columns_come_in_the_order_of_reading(tmp_path: Path) -> None:
    text = _text(_vertical(tmp_path, _COLUMNS))

    assert text is not None
    assert text.split("\n") == list(_COLUMNS)


@pytest.mark.parametrize("draw", [write(SENTENCE, lines=5), write(" "), write("猫である。", lines=9)])
def test_horizontal_text_is_left_to_pdfium(tmp_path: Path, draw: Draw) -> None:
    assert _text(pdf(tmp_path, draw)) is None


def test_what_lies_beyond_the_page_is_left_out(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        _write_rotated(90)(canvas)
        canvas.drawString(-300, -100, "beyond")

    text = _text(pdf(tmp_path, draw))

    assert text is not None
    assert "beyond" not in text

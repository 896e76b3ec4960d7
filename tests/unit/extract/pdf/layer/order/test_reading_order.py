"""The text of a page in reading order, however its characters are drawn."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import FONT, SENTENCE, in_hex, not_embedded, pdf, write
from worker.extract.pdf.layer.order.characters import text_of
from worker.extract.pdf.layer.order.reading_order import ordered_characters
from worker.extract.pdf.layer.text_layer import read_layer

pytestmark = pytest.mark.unit

_TEXT = "国土交通省告示第百二十三号建築基準法施行令の一部を改正する政令の施行に伴い次のように定める"
_TIERS, _COLUMNS, _ROWS, _SIZE, _PITCH = 3, 8, 12, 10, 16
_ROTATED = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def _text(path: Path) -> list[str]:
    return read_layer(pypdfium2.PdfDocument(path)[0]).text.split("\n")


def _write(canvas: Canvas, x: float, y: float, text: str, *, size: float = _SIZE, font: str = FONT) -> None:
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)


def _column(tier: int, column: int) -> str:
    start = (tier * _COLUMNS + column) * _ROWS
    return "".join(_TEXT[(start + row) % len(_TEXT)] for row in range(_ROWS))


_READ = [_column(tier, column) for tier in range(_TIERS) for column in range(_COLUMNS)]


@pytest.mark.parametrize("drawn", ["as it is read", "from the left", "from below", "column by column"])
def test_tiers_of_columns_are_read_from_the_right_tier_by_tier(tmp_path: Path, drawn: str) -> None:
    places = [(tier, column) for tier in range(_TIERS) for column in range(_COLUMNS)]
    order = {
        "as it is read": places,
        "from the left": sorted(places, key=lambda place: (place[0], -place[1])),
        "from below": sorted(places, key=lambda place: (-place[0], place[1])),
        "column by column": sorted(places, key=lambda place: place[::-1]),
    }

    def draw(canvas: Canvas) -> None:
        for tier, column in order[drawn]:
            for row, character in enumerate(_column(tier, column)):
                _write(canvas, 300 - _PITCH * column, 740 - 160 * tier - 11 * row, character)
        _write(canvas, 150, 790, "官報 第百号", size=16)

    assert _text(pdf(tmp_path, draw)) == ["官報 第百号", *_READ]


def test_a_block_of_columns_beside_horizontal_text_is_read_by_lines(tmp_path: Path) -> None:
    columns = ("縦書きの囲み記事", "右から左へ読む", "三行目の文")

    def draw(canvas: Canvas) -> None:
        for number in range(12):
            _write(canvas, 60, 780 - 16 * number, f"第{number}行は横書きの本文")
        for number, column in enumerate(columns):
            for row, character in enumerate(column):
                _write(canvas, 450 - 18 * number, 760 - 11 * row, character)
        _write(canvas, 60, 500, "後の本文")

    text = _text(pdf(tmp_path, draw))

    assert text == [*(f"第{number}行は横書きの本文" for number in range(12)), *columns, "後の本文"]


@pytest.mark.parametrize("angle", [-60, -30, 10, 30, 45, 60, 80])
@pytest.mark.parametrize(("stamp", "font"), [("CONFIDENTIAL DRAFT", "Helvetica"), ("社外秘資料の写し", FONT)])
@pytest.mark.parametrize("spacing", [1.0, 1.4])
def test_lettering_at_an_angle_is_one_line(
    tmp_path: Path, angle: int, stamp: str, font: str, spacing: float
) -> None:
    def draw(canvas: Canvas) -> None:
        write(SENTENCE, lines=3)(canvas)
        canvas.saveState()
        canvas.translate(200, 420)
        canvas.rotate(angle)
        x = 0.0
        for character in stamp:
            _write(canvas, x, 0, character, size=20, font=font)
            x += spacing * canvas.stringWidth(character, font, 20)
        canvas.restoreState()
        write(SENTENCE, lines=3, top=200)(canvas)

    sentence = SENTENCE.strip()

    assert [line.strip() for line in _text(pdf(tmp_path, draw))] == [*[sentence] * 3, stamp, *[sentence] * 3]


@pytest.mark.parametrize("encoding", [b"UniJIS-UCS2-H", b"UniJIS-UCS2-V"], ids=["lines", "columns"])
@pytest.mark.parametrize("is_upright", [True, False], ids=["upright", "turned"])
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_with_rotate_reads_as_without(
    tmp_path: Path, turn: int, is_upright: bool, encoding: bytes
) -> None:
    assert _text(_rotated(tmp_path, turn, is_upright, encoding)) == _text(
        _rotated(tmp_path, 0, True, encoding)
    )


def _rotated(folder: Path, turn: int, is_upright: bool, encoding: bytes) -> Path:
    """Lines and a table, or columns, upright on the page as drawn, or as it is without the rotation."""
    a, b, c, d = _ROTATED[turn if is_upright else 0]
    left, bottom = {(0, 1): (595, 0), (-1, 0): (595, 842), (0, -1): (0, 842)}.get((a, b), (0, 0))
    pieces = [(60, 500 - 15 * number, f"第{number}行の後には表が続きます") for number in range(6)]
    pieces += [(60 + 120 * cell, 350, text) for cell, text in enumerate(("品名", "数量", "金額"))]
    if encoding.endswith(b"V"):
        pieces = [(500 - 20 * number, 500, _READ[number]) for number in range(8)]
    drawn = b" ".join(
        b"%d %d %d %d %d %d Tm %s Tj"
        % (a, b, c, d, a * x + c * y + left, b * x + d * y + bottom, in_hex(text))
        for x, y, text in pieces
    )
    path = not_embedded(folder, b"BT /F 10 Tf %s ET" % drawn, encoding=encoding)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.pages[0].Rotate = turn
        document.save(path)
    return path


def test_words_turned_within_a_column_belong_to_it(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(4):
            x, y = 400 - 20 * number, 760.0
            for piece in ("第一条", "ISO 9001", "の規格と", "2024", "年"):
                if not piece.isascii():
                    for character in piece:
                        _write(canvas, x, y - 8.8, character)
                        y -= 10
                    continue
                canvas.saveState()
                canvas.translate(x + 2, y)
                canvas.rotate(-90)
                _write(canvas, 0, 0, piece, font="Helvetica")
                canvas.restoreState()
                y -= canvas.stringWidth(piece, "Helvetica", _SIZE)

    assert _text(pdf(tmp_path, draw)) == ["第一条ISO 9001の規格と2024年"] * 4


def test_the_characters_in_order_are_those_of_the_text(tmp_path: Path) -> None:
    page = pypdfium2.PdfDocument(pdf(tmp_path, write(SENTENCE, lines=3)))[0]
    layer = page.get_textpage()

    assert text_of(ordered_characters(page, layer)).split() == layer.get_text_bounded().split()

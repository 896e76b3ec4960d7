"""What a page draws twice in one place is read once."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import FONT, Draw, pdf
from worker.extract.pdf.layer.order.characters import Character, text_of
from worker.extract.pdf.layer.order.duplicates import drop_duplicates
from worker.extract.pdf.layer.text_layer import read_layer

pytestmark = pytest.mark.unit

_TITLE = "Municipal Committee of Accounting"
_LINES = ("The committee shall meet", "in the assembly hall", "at nine o'clock", "on Monday", "請求書の控え")


def _text(folder: Path, draw: Draw) -> list[str]:
    return read_layer(pypdfium2.PdfDocument(pdf(folder, draw))[0]).text.split("\n")


def _write(canvas: Canvas, x: float, y: float, text: str, font: str = "Helvetica-Bold") -> None:
    canvas.setFont(font if text.isascii() else FONT, 14)
    canvas.drawString(x, y, text)


@pytest.mark.parametrize("fonts", [("Helvetica-Bold", "Helvetica-Bold"), ("Helvetica-Bold", "Helvetica")])
@pytest.mark.parametrize("away", [0.4, 1.2, 1.8])
def test_a_bold_face_made_by_drawing_each_character_twice_is_one(
    tmp_path: Path, away: float, fonts: tuple[str, str]
) -> None:
    def draw(canvas: Canvas) -> None:
        x = 72.0
        for character in _TITLE:
            _write(canvas, x, 760, character, fonts[0])
            _write(canvas, x + away, 760, character, fonts[1])
            x += canvas.stringWidth(character, "Helvetica-Bold", 14)

    assert _text(tmp_path, draw) == [_TITLE]


def test_a_halo_around_all_lines_of_a_page_is_read_once(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for right, up in ((-0.7, 0.0), (0.7, 0.0), (0.0, 0.7), (0.0, -0.7), (0.0, 0.0)):
            for number, line in enumerate(_LINES * 2):
                _write(canvas, 72 + right, 760 - 20 * number + up, line)

    assert _text(tmp_path, draw) == [*_LINES, *_LINES]


def test_lines_that_are_equal_and_elsewhere_stay(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(12):
            _write(canvas, 72, 760 - 16 * number, "Accommodation committee")

    assert _text(tmp_path, draw) == ["Accommodation committee"] * 12


def _character(text: str, along: float, *, index: int, across: float = 0.0, length: float = 5.0) -> Character:
    ink = (along, across, along + length, across + 7)
    return Character(text=text, along=along, across=across, size=10, length=length, ink=ink, index=index)


def test_a_ligature_is_several_characters_in_one_place() -> None:
    word = [
        _character("o", 0, index=0),
        _character("f", 5, index=1),
        _character("f", 5, index=2),
        _character("i", 5, index=3),
    ]

    assert text_of(drop_duplicates(word)) == "offi"


def test_narrow_characters_beside_each_other_are_two() -> None:
    word = [_character("i", 0, index=0, length=1.8), _character("i", 1.4, index=1, length=1.8)]

    assert text_of(drop_duplicates(word)) == "ii"


def test_another_text_that_shares_one_character_in_its_place_stays_whole() -> None:
    below = [_character(text, 5.0 * place, index=place) for place, text in enumerate("abcdefghijklmn")]
    above = [_character(text, 20.4 + 5.0 * place, index=30 + place) for place, text in enumerate("xeyz")]
    above[1] = _character("f", 25.4, index=31)

    assert text_of(drop_duplicates([*below, *above])) == "abcdefghijklmnxfyz"


def test_many_characters_without_a_width_are_not_compared_with_each_other() -> None:
    crowd = [
        Character(text=".", along=10 + place / 50_000, across=100, size=10, length=1e-6, index=9 * place)
        for place in range(50_000)
    ]

    assert len(drop_duplicates(crowd)) == 50_000

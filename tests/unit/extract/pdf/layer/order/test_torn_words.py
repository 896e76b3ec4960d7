"""Words drawn with room between their characters are words again; lists are left as they are."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import FONT, Draw, pdf
from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.torn_words import join_torn_words, may_be_torn
from worker.extract.pdf.layer.text_layer import read_layer

pytestmark = pytest.mark.unit


def _spaced(text: str, *, room: float, font: str = "Helvetica", size: float = 10, x: float = 72) -> Draw:
    """Each character drawn by itself with room (in points) after it; a space is as wide as in the font."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        place = x
        for character in text:
            if not character.isspace():
                canvas.drawString(place, 700, character)
            place += canvas.stringWidth(character, font, size) + room

    return draw


def _text(folder: Path, *draws: Draw) -> str:
    def draw(canvas: Canvas) -> None:
        for one in draws:
            one(canvas)

    return read_layer(pypdfium2.PdfDocument(pdf(folder, draw))[0]).text


@pytest.mark.parametrize("room", [2.5, 3.2, 5.0])
@pytest.mark.parametrize(
    "text",
    ["NOTICE OF PUBLIC HEARING", "Thursday the 29th at the centre.", "Bekanntmachung über die Öffnung"],
)
def test_words_torn_into_characters_are_words(tmp_path: Path, text: str, room: float) -> None:
    assert _text(tmp_path, _spaced(text, room=room)) == text


def test_one_word_set_wide_within_a_line_is_a_word(tmp_path: Path) -> None:
    def before(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(40, 700, "This is")
        canvas.drawString(150, 700, "so far")

    assert _text(tmp_path, before, _spaced("wichtig", room=3, x=80)) == "This is wichtig so far"


@pytest.mark.parametrize(("text", "room"), [("御請求書", 8), ("領収書", 14), ("株主総会招集通知", 5)])
def test_a_japanese_title_set_wide_is_a_word(tmp_path: Path, text: str, room: float) -> None:
    assert _text(tmp_path, _spaced(text, room=room, font=FONT, size=12)) == text


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("ABCDEFGH", 4),
        ("SMTWTFS", 12),
        ("123456", 4),
        ("v=x-y+z", 5),
        ("YNYNY", 15),
    ],
    ids=["the alphabet", "a calendar", "figures", "a formula", "cells of a table"],
)
def test_lists_of_single_characters_stay(tmp_path: Path, text: str, room: float) -> None:
    assert _text(tmp_path, _spaced(text, room=room)).split() == list(text)


def test_variables_in_a_sentence_of_a_monospaced_font_stay(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Courier", 10)
        canvas.drawString(72, 700, "## A r x c table of a b c d e")

    assert _text(tmp_path, draw) == "## A r x c table of a b c d e"


@pytest.mark.parametrize(
    ("text", "is_torn"),
    [
        ("N O T I C E", True),
        ("the P U B L I C", True),
        ("御 請 求 書", True),
        ("A plain sentence, as it is in a book", False),
        ("1 2 3 4 5", False),
    ],
)
def test_the_text_shows_whether_words_may_be_torn(text: str, is_torn: bool) -> None:
    assert may_be_torn(text) is is_torn


def test_in_a_line_of_a_hundred_thousand_characters_the_distances_are_sorted() -> None:
    line, along = [], 0.0
    for place in range(100_000):
        line.append(Character(text="P", along=along, across=0, size=10, length=5, before=" "))
        along += 5 + 1.1 + 13.0 * (place * 7_919 % 100_000) / 100_000

    assert join_torn_words(line) == line

"""What the pieces of a page's text show before any character's position is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import SENTENCE, pdf, write
from worker.extract.pdf.layer.order.pieces import Pieces, has_copies, read_pieces

pytestmark = pytest.mark.unit

_Places = Callable[[int], tuple[float, float]]


def _pieces(folder: Path, places: _Places, text: str = "ABCDEFGH") -> Pieces:
    """A page with each character at the place of its number."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        for number, character in enumerate(text):
            canvas.drawString(*places(number), character)

    return read_pieces(pypdfium2.PdfDocument(pdf(folder, draw))[0].get_textpage())


def test_ordinary_lines_need_no_positions(tmp_path: Path) -> None:
    pieces = read_pieces(pypdfium2.PdfDocument(pdf(tmp_path, write(SENTENCE, lines=9)))[0].get_textpage())

    assert not pieces.may_be_rotated
    assert not pieces.has_steps_back
    assert not pieces.has_duplicates
    assert not has_copies(pieces.boxes)


@pytest.mark.parametrize(
    ("places", "is_rotated"),
    [
        (lambda number: (100, 700 - 13 * number), True),
        (lambda number: (100 + 14 * number, 300 + 14 * number), True),
        (lambda number: (100 + 14 * number, 300 - 8 * number), True),
        (lambda number: (100 + 14 * number, 300 + 4 * (number % 2)), False),
        (lambda number: (100 + 14 * number, 300), False),
    ],
    ids=["down", "rising", "falling", "indices", "a line"],
)
def test_characters_down_the_page_or_at_an_angle_may_be_rotated(
    tmp_path: Path, places: _Places, is_rotated: bool
) -> None:
    assert _pieces(tmp_path, places).may_be_rotated is is_rotated


def test_a_tall_piece_runs_up_or_down(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rotate(90)
        canvas.drawString(100, -100, "an axis")

    assert read_pieces(pypdfium2.PdfDocument(pdf(tmp_path, draw))[0].get_textpage()).tall == 1


def test_pieces_in_nearly_one_place_are_duplicates(tmp_path: Path) -> None:
    pieces = _pieces(tmp_path, lambda number: (100 + 20 * (number // 2) + number % 2, 700), "MMUUNNII")

    assert pieces.has_duplicates


@pytest.mark.parametrize(("away", "is_copy"), [(0.5, True), (1.4, True), (9.0, False)])
def test_copies_are_found_however_far_apart_they_are_reported(away: float, is_copy: bool) -> None:
    lines = [
        (50.0 + 3.7 * number, 700.0 - 15.3 * number, 250.0, 691.0 - 15.3 * number) for number in range(20)
    ]
    copies = [(left + away, top + away, right + away, bottom + away) for left, top, right, bottom in lines]

    assert has_copies([*lines, *copies]) is is_copy

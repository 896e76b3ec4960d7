"""Lines cut out of a page."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from worker.extract.ocr.network.cells import Box, Cell, cells

pytestmark = pytest.mark.unit

_LINE = Box(left=100, top=100, width=400, height=30)


def test_a_line_is_cut_out_with_a_margin_that_stays_on_the_page() -> None:
    (cell,) = cells(Image.new("L", (503, 600), 255), _LINE)

    assert cell.box == _LINE
    assert cell.picture.size == (407, 38)


def test_a_row_of_a_table_is_split_at_wide_gaps_and_rules() -> None:
    page = Image.new("L", (800, 600), 255)
    draw = ImageDraw.Draw(page)
    for left, right in ((100, 180), (260, 300), (400, 490)):
        draw.rectangle((left, 105, right, 125), fill=0)
    for left in (210, 350):  # rules between the cells
        draw.rectangle((left, 80, left + 3, 160), fill=0)

    found = list(cells(page, _LINE))

    assert [(cell.box.left, cell.box.right) for cell in found] == [(96, 185), (256, 305), (396, 495)]
    assert {(cell.box.top, cell.box.height) for cell in found} == {(100, 30)}
    assert [cell.picture.size for cell in found] == [(89, 38), (49, 38), (99, 38)]


def test_a_typed_space_splits_nothing() -> None:
    page = Image.new("L", (800, 600), 255)
    draw = ImageDraw.Draw(page)
    for left, right in ((100, 250), (262, 495)):
        draw.rectangle((left, 105, right, 125), fill=0)

    assert len(list(cells(page, _LINE))) == 1


def test_the_widest_gap_between_two_places_is_measured_by_the_height() -> None:
    picture = Image.new("L", (200, 40), 255)
    draw = ImageDraw.Draw(picture)
    for left, right in ((0, 49), (54, 99), (120, 199)):
        draw.rectangle((left, 10, right, 30), fill=0)
    draw.line((0, 2, 199, 2), fill=0)  # a rule above fills no gap
    cell = Cell(box=_LINE, picture=picture)

    assert cell.gap(0.1, 0.4) == pytest.approx(4 / 40)
    assert cell.gap(0.1, 0.9) == pytest.approx(20 / 40)
    assert cell.gap(0.05, 0.15) == 0.0
    assert cell.gap(0.5, 0.6) == pytest.approx(20 / 40)
    assert Cell(box=_LINE, picture=Image.new("L", (200, 40), 255)).gap(0.0, 1.0) == pytest.approx(5.0)

"""Vertical lines put level."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.vertical import set_level, stack

pytestmark = pytest.mark.unit


def test_characters_below_each_other_are_put_beside_each_other() -> None:
    page = Image.new("L", (100, 400), 255)
    draw = ImageDraw.Draw(page)
    for top in (20, 60, 100):
        draw.rectangle((42, top, 66, top + 27), fill=0)
    draw.rectangle((42, 200, 66, 300), fill=0)  # two that touch

    level = set_level(page, Box(left=40, top=10, width=30, height=360))

    assert level is not None
    assert level.size == (90, 30)
    assert [level.getpixel((30 * number + 10, 15)) for number in range(3)] == [0, 0, 0]


def test_a_line_without_two_characters_is_none() -> None:
    assert set_level(Image.new("L", (100, 400), 255), Box(left=40, top=10, width=30, height=360)) is None


def test_lines_are_stacked_with_their_boxes() -> None:
    sheet, boxes = stack([Image.new("L", (50, 20), 0), Image.new("L", (90, 30), 0)])

    assert [(box.left, box.top, box.width, box.height) for box in boxes] == [(0, 0, 50, 20), (0, 32, 90, 30)]
    assert sheet.size == (90, 74)

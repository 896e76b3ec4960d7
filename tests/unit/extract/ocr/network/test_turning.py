"""Pages and boxes turned together."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from worker.extract.image.affine import turn
from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.turning import turn_boxes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_box_stays_around_what_it_was_around(degrees: int) -> None:
    page = Image.new("L", (300, 200), 0)
    ImageDraw.Draw(page).rectangle((30, 50, 129, 79), fill=255)

    (box,) = turn_boxes([Box(left=30, top=50, width=100, height=30)], page.size, degrees)

    assert turn(page, degrees).getbbox() == (box.left, box.top, box.right, box.bottom)

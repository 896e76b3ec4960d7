"""Boxes from a map of how likely each pixel is text."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.detection import boxes_of, detect
from worker.extract.ocr.network.sessions import Pixels

pytestmark = pytest.mark.unit


def _map(*rectangles: tuple[int, int, int, int], likely: float = 0.9) -> NDArray[np.float32]:
    text = np.zeros((320, 640), dtype=np.float32)
    for left, top, right, bottom in rectangles:
        text[top:bottom, left:right] = likely
    return text


def test_a_box_is_grown_and_in_pixels_of_the_page() -> None:
    (box,) = boxes_of(_map((100, 50, 300, 60)), (1280, 640))

    # 200 x 10 grows by 1.6 * 2000 / 420, which is 7.6 on each side; the page is twice as large.
    assert box == Box(left=185, top=85, width=430, height=50)


def test_what_is_unlikely_or_tiny_is_no_text() -> None:
    assert boxes_of(_map((100, 50, 300, 60), likely=0.4), (640, 320)) == []
    assert boxes_of(_map((100, 50, 102, 52)), (640, 320)) == []
    assert boxes_of(_map(), (640, 320)) == []


def test_boxes_stay_on_the_page() -> None:
    (box,) = boxes_of(_map((0, 0, 640, 10)), (640, 320))

    assert (box.left, box.top, box.right) == (0, 0, 640)


def test_a_line_that_falls_has_its_slope_and_its_own_height() -> None:
    text = _map()
    for x in range(100, 500):
        y = 100 + round((x - 100) * 0.05)
        text[y : y + 10, x] = 0.9

    (box,) = boxes_of(text, (640, 320))

    assert box.slope == pytest.approx(0.05, abs=0.003)
    assert 20 < box.height < 30  # upright it is 30 high, and grows to 45
    assert box.top_at(100) + box.height / 2 == pytest.approx(105, abs=1.5)
    assert box.top_at(500) + box.height / 2 == pytest.approx(125, abs=1.5)


class _Half:
    """Finds text in all of the left half, and keeps the shape of what it saw."""

    shape: tuple[int, ...] = ()

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        self.shape = pixels.shape
        text = np.zeros((1, 1, *pixels.shape[2:]), dtype=np.float32)
        text[..., : pixels.shape[3] // 2] = 0.9
        return text


@pytest.mark.parametrize(
    ("size_px", "shape"),
    [((1654, 2339), (1, 3, 960, 672)), ((300, 200), (1, 3, 192, 288)), ((4, 4), (1, 3, 32, 32))],
    ids=["page", "small", "tiny"],
)
def test_a_page_is_reduced_to_what_the_network_takes(
    size_px: tuple[int, int], shape: tuple[int, ...]
) -> None:
    network = _Half()

    (box,) = detect(Image.new("L", size_px, 255), network)

    assert network.shape == shape
    assert (box.left, box.top) == (0, 0)
    assert size_px[0] / 2 <= box.right <= size_px[0]

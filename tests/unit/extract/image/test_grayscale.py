"""Every kind of picture as grey."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from worker.extract.image.grayscale import on_paper, to_grey

pytestmark = pytest.mark.unit


def _letter(ink: int, *, opaque: bool = False) -> Image.Image:
    """A bar of one grey on what is transparent."""
    image = Image.new("LA", (40, 40), (255, 255 if opaque else 0))
    image.paste((ink, 255), (10, 16, 30, 24))
    return image


@pytest.mark.parametrize(
    ("image", "ground", "bar"),
    [
        (_letter(0), 255, 0),
        (_letter(255), 0, 255),
        (_letter(160), 255, 160),
        (_letter(0, opaque=True), 255, 0),
    ],
    ids=["black", "white", "grey", "opaque"],
)
def test_what_is_drawn_on_nothing_stays_visible(image: Image.Image, ground: int, bar: int) -> None:
    grey = to_grey(image)

    assert (grey.getpixel((2, 2)), grey.getpixel((20, 20))) == (ground, bar)
    assert on_paper(image).getpixel((20, 20)) == (bar, bar, bar)


@pytest.mark.parametrize("highest", [255, 1_023, 4_095, 16_383, 65_535])
def test_cameras_of_fewer_bits_use_the_whole_range(highest: int) -> None:
    deep = Image.fromarray(np.array([[0, highest]], dtype=np.uint16))

    assert list(to_grey(deep).tobytes()) == [0, 255]

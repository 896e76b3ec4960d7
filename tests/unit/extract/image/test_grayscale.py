"""Images of every mode as grey."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from worker.extract.image.grayscale import flatten_transparency, to_grey

pytestmark = pytest.mark.unit


def _bar(ink: int, *, opaque: bool = False) -> Image.Image:
    """A bar of one grey on a transparent background."""
    image = Image.new("LA", (40, 40), (255, 255 if opaque else 0))
    image.paste((ink, 255), (10, 16, 30, 24))
    return image


@pytest.mark.parametrize(
    ("image", "background", "bar"),
    [
        (_bar(0), 255, 0),
        (_bar(255), 0, 255),
        (_bar(160), 255, 160),
        (_bar(0, opaque=True), 255, 0),
    ],
    ids=["black", "white", "grey", "opaque"],
)
def test_ink_on_a_transparent_background_stays_visible(image: Image.Image, background: int, bar: int) -> None:
    grey = to_grey(image)

    assert (grey.getpixel((2, 2)), grey.getpixel((20, 20))) == (background, bar)
    assert flatten_transparency(image).getpixel((20, 20)) == (bar, bar, bar)


@pytest.mark.parametrize("highest", [255, 1_023, 4_095, 16_383, 65_535])
def test_cameras_of_fewer_bits_use_the_whole_range(highest: int) -> None:
    deep = Image.fromarray(np.array([[0, highest]], dtype=np.uint16))

    assert list(to_grey(deep).tobytes()) == [0, 255]

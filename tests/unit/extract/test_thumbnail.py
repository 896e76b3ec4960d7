"""The pictures people and embedding models see."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
from PIL import Image

from worker.extract.thumbnail import picture_to_embed, thumbnail

pytestmark = pytest.mark.unit


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_thumbnail_is_webp_of_at_most_512_pixels_in_the_same_shape() -> None:
    picture = _open(thumbnail(Image.new("RGB", (1024, 512), "teal")))

    assert (picture.format, picture.size, picture.mode) == ("WEBP", (512, 256), "RGB")


def test_a_small_picture_is_not_blown_up() -> None:
    assert _open(thumbnail(Image.new("RGB", (40, 30)))).size == (40, 30)


def test_a_strip_one_pixel_high_survives() -> None:
    assert _open(thumbnail(Image.new("RGB", (1024, 1)))).size == (512, 1)


def test_the_picture_to_embed_is_a_jpeg_far_under_five_megabytes_even_if_it_is_noise() -> None:
    noise = Image.frombytes("RGB", (1024, 1024), random.Random(1).randbytes(3 * 1024 * 1024))

    data = picture_to_embed(noise)

    assert _open(data).format == "JPEG"
    assert _open(data).size == (1024, 1024)
    assert len(data) < 2 * 1024 * 1024


@pytest.mark.parametrize("encode", [thumbnail, picture_to_embed])
def test_no_colour_profile_is_written_and_the_preview_stays_as_it_was(
    encode: Callable[[Image.Image], bytes],
) -> None:
    preview = Image.new("RGB", (600, 600))
    preview.info["icc_profile"] = b"a profile"

    assert "icc_profile" not in _open(encode(preview)).info
    assert preview.size == (600, 600)
    assert preview.info["icc_profile"] == b"a profile"

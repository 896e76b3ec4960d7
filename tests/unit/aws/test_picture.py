"""Scaling pictures down to what the service takes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from worker.aws.picture import shrink_picture
from worker.errors import BedrockError

pytestmark = pytest.mark.unit


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def noise(side_px: int) -> Image.Image:
    return Image.effect_noise((side_px, side_px), 90)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK"])
def test_any_kind_of_picture_becomes_an_rgb_jpeg(mode: str) -> None:
    data = encoded(Image.new(mode, (300, 200)), "TIFF")
    small = opened(shrink_picture("a.tiff", data, max_bytes=100_000))
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", (300, 200))


def test_a_picture_larger_than_the_service_takes_is_scaled_to_2048_pixels() -> None:
    data = encoded(Image.new("RGB", (4096, 1024)), "JPEG")
    assert opened(shrink_picture("a.jpg", data, max_bytes=5_000_000)).size == (2048, 512)


def test_it_is_halved_until_it_fits() -> None:
    small = shrink_picture("a.png", encoded(noise(1024)), max_bytes=100_000)
    assert len(small) <= 100_000
    assert opened(small).size == (256, 256)


def test_a_rotated_photo_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGB", (300, 200)), "JPEG", exif=exif)
    assert opened(shrink_picture("a.jpg", data, max_bytes=100_000)).size == (200, 300)


def test_what_is_no_picture_is_refused_for_good() -> None:
    with pytest.raises(BedrockError, match=r"a\.jpg cannot be scaled down") as caught:
        shrink_picture("a.jpg", b"no picture", max_bytes=100)
    assert not caught.value.retry_allowed


def test_a_truncated_picture_is_refused_for_good() -> None:
    data = encoded(noise(512))
    with pytest.raises(BedrockError) as caught:
        shrink_picture("a.png", data[: len(data) // 2], max_bytes=100_000)
    assert not caught.value.retry_allowed


def test_a_limit_nothing_fits_into_is_told() -> None:
    with pytest.raises(BedrockError, match="10 bytes"):
        shrink_picture("a.png", encoded(noise(64)), max_bytes=10)

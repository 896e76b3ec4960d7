"""Blank pages are seen as blank, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.extract.image.blank_page import is_blank, shows_nothing

pytestmark = pytest.mark.unit

_A4_PX = (1654, 2339)


def _paper(*, grey: int = 255, noise: float = 0.0, specks: int = 0) -> Image.Image:
    chance = np.random.default_rng(5)
    pixels = np.full(_A4_PX[::-1], grey, dtype=np.float64)
    pixels += chance.normal(0.0, noise, pixels.shape) if noise else 0.0
    for top, left in chance.integers(0, 1_600, (specks, 2)):
        pixels[top : top + 3, left : left + 3] = 0
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _shaded() -> Image.Image:
    shade = np.tile(np.linspace(225, 245, _A4_PX[0]), (_A4_PX[1], 1))
    return Image.fromarray(shade.astype(np.uint8))


_BLANK = {
    "white": _paper(),
    "grey paper": _paper(grey=180),
    "black": _paper(grey=0),
    "a noisy scan": _paper(grey=235, noise=12),
    "a shaded scan": _shaded(),
    "dust": _paper(grey=245, noise=4, specks=40),
}


@pytest.mark.parametrize("page", _BLANK.values(), ids=_BLANK.keys())
def test_a_page_without_ink_is_blank(page: Image.Image) -> None:
    assert shows_nothing(page)


def _written(page: Image.Image, text: str, *, size_px: int, ink: int = 0) -> Image.Image:
    written = page.copy()
    ImageDraw.Draw(written).text((800, 2_200), text, fill=ink, font=ImageFont.load_default(size_px))
    return written


_WRITTEN = {
    "a page number": _written(_paper(), "3", size_px=28),
    "a small page number": _written(_paper(), "7", size_px=17),
    "one small word": _written(_paper(), "draft", size_px=14),
    "a dash": _written(_paper(), "-", size_px=50),
    "pale letters": _written(_paper(grey=250), "pale", size_px=28, ink=190),
    "white on black": _written(_paper(grey=0), "night", size_px=28, ink=255),
    "in a noisy scan": _written(_paper(grey=235, noise=12), "12", size_px=28, ink=40),
}


@pytest.mark.parametrize("page", _WRITTEN.values(), ids=_WRITTEN.keys())
def test_the_least_writing_is_seen(page: Image.Image) -> None:
    assert not shows_nothing(page)


def test_in_a_small_picture_small_letters_are_seen() -> None:
    picture = Image.new("L", (200, 60), 255)
    ImageDraw.Draw(picture).text((20, 20), "total", font=ImageFont.load_default(10))

    assert not shows_nothing(picture)


def test_a_picture_of_three_pixels_is_no_fault() -> None:
    assert shows_nothing(Image.new("L", (3, 1), 255))
    assert shows_nothing(Image.new("L", (1, 1), 255))


def test_a_file_is_opened_in_any_mode_and_what_cannot_be_opened_is_left_to_the_ocr_engine(
    tmp_path: Path,
) -> None:
    Image.new("1", (300, 300), 1).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")

    assert is_blank(tmp_path / "a.png")
    assert not is_blank(tmp_path / "b.png")
    assert not is_blank(tmp_path / "missing.png")

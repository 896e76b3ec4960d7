"""Blank pages are found, and no other page is called blank."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.extract.image.blank_page import is_blank

pytestmark = pytest.mark.unit

_A4_PX = (1654, 2339)


def _paper(*, grey: int = 255, noise: float = 0.0, speckles: int = 0) -> Image.Image:
    chance = np.random.default_rng(5)
    pixels = np.full(_A4_PX[::-1], grey, dtype=np.float64)
    pixels += chance.normal(0.0, noise, pixels.shape) if noise else 0.0
    for top, left in chance.integers(0, 1_600, (speckles, 2)):
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
    "dust": _paper(grey=245, noise=4, speckles=40),
}


@pytest.mark.parametrize("page", _BLANK.values(), ids=_BLANK.keys())
def test_a_page_without_ink_is_blank(page: Image.Image) -> None:
    assert is_blank(page)


def _write(page: Image.Image, text: str, *, size_px: int, ink: int = 0) -> Image.Image:
    copy = page.copy()
    ImageDraw.Draw(copy).text((800, 2_200), text, fill=ink, font=ImageFont.load_default(size_px))
    return copy


_WRITTEN = {
    "a page number": _write(_paper(), "3", size_px=28),
    "a small page number": _write(_paper(), "7", size_px=17),
    "one small word": _write(_paper(), "draft", size_px=14),
    "a dash": _write(_paper(), "-", size_px=50),
    "pale characters": _write(_paper(grey=250), "pale", size_px=28, ink=190),
    "white on black": _write(_paper(grey=0), "night", size_px=28, ink=255),
    "in a noisy scan": _write(_paper(grey=235, noise=12), "12", size_px=28, ink=40),
}


@pytest.mark.parametrize("page", _WRITTEN.values(), ids=_WRITTEN.keys())
def test_the_smallest_text_is_ink(page: Image.Image) -> None:
    assert not is_blank(page)


def test_in_a_small_picture_small_characters_are_ink() -> None:
    picture = Image.new("L", (200, 60), 255)
    ImageDraw.Draw(picture).text((20, 20), "total", font=ImageFont.load_default(10))

    assert not is_blank(picture)


def test_a_picture_of_three_pixels_is_blank() -> None:
    assert is_blank(Image.new("L", (3, 1), 255))
    assert is_blank(Image.new("L", (1, 1), 255))


def _lines_of_dashes(*, ink: int, paper: int, noise: float = 0.0) -> Image.Image:
    page = Image.new("L", (800, 600), paper)
    draw = ImageDraw.Draw(page)
    for top in range(100, 500, 40):
        for left in range(100, 700, 50):
            draw.rectangle((left, top, left + 40, top + 14), fill=ink)
    pixels = np.asarray(page) + np.random.default_rng(3).normal(0, noise, (600, 800))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _one_word() -> Image.Image:
    image = Image.new("L", (1654, 2339), 250)
    ImageDraw.Draw(image).rectangle((800, 1000, 900, 1025), fill=20)
    return image


@pytest.mark.parametrize(
    "page",
    [
        _lines_of_dashes(ink=0, paper=255),
        _lines_of_dashes(ink=230, paper=20),
        _lines_of_dashes(ink=178, paper=200, noise=5.0),
        _lines_of_dashes(ink=60, paper=225, noise=25.0),
        _one_word(),
    ],
    ids=["text", "light on dark", "faint text", "noisy text", "one word"],
)
def test_lines_of_text_are_ink(page: Image.Image) -> None:
    assert not is_blank(page)


@pytest.mark.parametrize("noise", [8.0, 16.0, 25.0])
def test_the_noise_of_a_small_picture_is_no_ink(noise: float) -> None:
    pixels = np.random.default_rng(7).normal(225, noise, (400, 400)).clip(0, 255)

    assert is_blank(Image.fromarray(pixels.astype(np.uint8)))

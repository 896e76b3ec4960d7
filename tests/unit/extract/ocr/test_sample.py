"""The part of a page that stands for it."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from worker.extract.image.ink import ink_of
from worker.extract.ocr.sample import runs_down, sample_of

pytestmark = pytest.mark.unit


def _page() -> Image.Image:
    page = Image.new("L", (1600, 2200), 255)
    for top in range(200, 2000, 60):
        for left in range(150, 1450, 26):
            ImageDraw.Draw(page).rectangle((left, top, left + 18, top + 26), outline=0, width=3)
    return page


def test_lines_across_and_down_are_distinguished_by_their_gaps() -> None:
    page = _page()
    assert runs_down(ink_of(page)) is False
    assert runs_down(ink_of(page.transpose(Image.Transpose.ROTATE_90))) is True


def test_a_sample_has_whole_lines() -> None:
    sample = sample_of(_page())
    assert sample is not None
    assert not sample.is_whole
    assert sample.picture.width > 1200

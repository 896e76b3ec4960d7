"""Inverted regions of a page, and dark ones without characters."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.extract.image.inverted_regions import find_inverted_regions

pytestmark = pytest.mark.unit

_PAPER = 245


def _page() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("L", (800, 600), _PAPER)
    return page, ImageDraw.Draw(page)


def _write(draw: ImageDraw.ImageDraw, top: int, shade: int) -> None:
    for left in range(100, 700, 40):
        draw.rectangle((left, top, left + 20, top + 6), fill=shade)
        draw.rectangle((left + 8, top, left + 13, top + 24), fill=shade)


def test_a_band_with_light_characters_is_inverted_all_over() -> None:
    page, draw = _page()
    draw.rectangle((0, 40, 800, 160), fill=40)
    _write(draw, 80, 250)
    _write(draw, 300, 30)

    regions = find_inverted_regions(page, paper=_PAPER)

    assert regions.mask[60:140, 8:792].all()
    assert not regions.mask[200:].any()
    assert regions.background[90, 400] == pytest.approx(40, abs=2)


def test_a_dark_region_without_characters_is_not_inverted() -> None:
    page, draw = _page()
    draw.rectangle((0, 40, 800, 160), fill=40)

    assert not find_inverted_regions(page, paper=_PAPER).mask.any()


def test_the_table_under_a_photographed_page_is_not_inverted() -> None:
    photo = Image.new("L", (1_600, 1_200), 60)
    page = Image.new("L", (1_300, 960), _PAPER)
    _write(ImageDraw.Draw(page), 200, 30)
    turned = page.rotate(4, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=60)
    photo.paste(turned, (100, 60))

    assert find_inverted_regions(photo, paper=_PAPER).mask.mean() < 0.001


def test_each_dark_region_is_checked_by_itself() -> None:
    page, draw = _page()
    draw.rectangle((0, 0, 800, 120), fill=40)
    draw.rectangle((0, 400, 800, 600), fill=40)
    _write(draw, 40, 250)

    mask = find_inverted_regions(page, paper=_PAPER).mask

    assert np.array([mask[20:100, 20:780].all(), mask[300:].any()]).tolist() == [True, False]

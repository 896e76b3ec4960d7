"""Dark places with light letters on a page, and dark places without."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.extract.image.inverted_regions import dark_bands

pytestmark = pytest.mark.unit

_PAPER = 245


def _page() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("L", (800, 600), _PAPER)
    return page, ImageDraw.Draw(page)


def _write(draw: ImageDraw.ImageDraw, top: int, shade: int) -> None:
    for left in range(100, 700, 40):
        draw.rectangle((left, top, left + 20, top + 6), fill=shade)
        draw.rectangle((left + 8, top, left + 13, top + 24), fill=shade)


def test_a_band_with_light_letters_is_one_all_over() -> None:
    page, draw = _page()
    draw.rectangle((0, 40, 800, 160), fill=40)
    _write(draw, 80, 250)
    _write(draw, 300, 30)

    bands = dark_bands(page, paper=_PAPER)

    assert bands.where[60:140, 8:792].all()
    assert not bands.where[200:].any()
    assert bands.ground[90, 400] == pytest.approx(40, abs=2)


def test_a_dark_place_without_letters_is_none() -> None:
    page, draw = _page()
    draw.rectangle((0, 40, 800, 160), fill=40)

    assert not dark_bands(page, paper=_PAPER).where.any()


def test_the_table_under_a_photographed_page_is_none() -> None:
    photo = Image.new("L", (1_600, 1_200), 60)
    page = Image.new("L", (1_300, 960), _PAPER)
    _write(ImageDraw.Draw(page), 200, 30)
    turned = page.rotate(4, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=60)
    photo.paste(turned, (100, 60))

    assert dark_bands(photo, paper=_PAPER).where.mean() < 0.001


def test_places_are_judged_one_by_one() -> None:
    page, draw = _page()
    draw.rectangle((0, 0, 800, 120), fill=40)
    draw.rectangle((0, 400, 800, 600), fill=40)
    _write(draw, 40, 250)

    where = dark_bands(page, paper=_PAPER).where

    assert np.array([where[20:100, 20:780].all(), where[300:].any()]).tolist() == [True, False]

"""Ink and ruled lines of a page."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.extract.image.ink import ink_of, rules_of

pytestmark = pytest.mark.unit


def test_ink_is_the_rarer_side_and_long_runs_of_it_are_rules() -> None:
    page = Image.new("L", (200, 100), 250)
    draw = ImageDraw.Draw(page)
    draw.rectangle((10, 20, 180, 21), fill=10)
    draw.rectangle((40, 50, 60, 60), fill=10)
    ink = ink_of(page)
    assert int(ink.sum()) == 171 * 2 + 21 * 11
    assert int(rules_of(ink, 100).sum()) == 171 * 2
    assert np.array_equal(ink_of(page.point(lambda value: 255 - value)), ink)

"""The pictures of pages with a good text layer: which are read, and how they are drawn for OCR.

Callers hold the document's lock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from worker.extract.image.blank_page import is_blank
from worker.extract.image.grayscale import most_common_shade
from worker.extract.pdf.layer.text_layer import TextLayer
from worker.extract.pdf.page_objects import Box, in_pixels, page_box, picture_keys, pictures_of
from worker.extract.pdf.rasterizer import Region, without

_POINTS_PER_INCH = 72
_WHITE = 255
_MIN_DPI, _MAX_DPI = 144, 300
"""Pictures of a screen have 96: they are drawn at a multiple, as OCR would enlarge them. Denser pictures have
letters large enough."""
_MAX_PIXELS = 40_000_000
_INK_CONTRAST = 48
_MAX_UNCOVERED_INK = 0.3
"""Of a picture's ink beside the layer's characters on it; with less, the layer has its text."""


class PagePictures:
    """The pictures that the pages of one document have shown so far, in the order of its pages."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def drop_seen(self, page: Any, layer: TextLayer) -> TextLayer:
        """The layer without pictures, of the same bytes and size, that a page before this one showed."""
        if not layer.pictures:
            return layer
        keys = picture_keys(page, layer.pictures)
        kept = tuple(box for box in layer.pictures if keys.get(box) is None or keys[box] not in self._seen)
        self._seen.update(key for key in keys.values() if key is not None)
        return replace(layer, pictures=kept)


def draw_pictures(page: Any, layer: TextLayer) -> Image.Image:
    """The page in grey, white but for the pictures whose text the layer does not have."""
    scale = _scale(page, layer.pictures)
    width_pt, height_pt = page.get_size()
    size_px = (max(1, math.ceil(width_pt * scale)), max(1, math.ceil(height_pt * scale)))
    drawn = Image.new("L", size_px, _WHITE)
    text_regions = [in_pixels(page, box, size_px) for box in layer.text_boxes]
    for box in layer.pictures:
        region = in_pixels(page, box, size_px)
        if region[2] > region[0] and region[3] > region[1]:
            picture = _draw(page, region, size_px, scale)
            without_text = without(picture, region, text_regions)
            if not is_blank(without_text) and not _is_covered(picture, without_text):
                drawn.paste(without_text, region)
    return drawn


def _scale(page: Any, boxes: Sequence[Box]) -> float:
    """Pixels a point: those of the densest picture, or a multiple of them."""
    densities = [found.pixels_per_point for found in pictures_of(page) if found.box in boxes]
    density = max(densities, default=0.0) or _MIN_DPI / _POINTS_PER_INCH
    density *= max(1, math.ceil(_MIN_DPI / (density * _POINTS_PER_INCH)))
    left, bottom, right, top = page_box(page)
    area = max(1.0, (right - left) * (top - bottom))
    return min(density, _MAX_DPI / _POINTS_PER_INCH, math.sqrt(_MAX_PIXELS / area))


def _draw(page: Any, region: Region, size_px: tuple[int, int], scale: float) -> Image.Image:
    left, top, right, bottom = region
    crop = (left / scale, (size_px[1] - bottom) / scale, (size_px[0] - right) / scale, top / scale)
    with closing(page.render(scale=scale, crop=crop, grayscale=True, may_draw_forms=False)) as bitmap:
        # The library rounds the sides of what it draws in its own way.
        picture: Image.Image = bitmap.to_pil().convert("L")
        exact = Image.new("L", (right - left, bottom - top), _WHITE)
        exact.paste(picture, (0, 0))
        return exact


def _is_covered(picture: Image.Image, without_text: Image.Image) -> bool:
    """Whether most of a picture's ink lies under the layer's characters, which therefore are its text."""
    return _ink(without_text) <= _MAX_UNCOVERED_INK * _ink(picture)


def _ink(picture: Image.Image) -> int:
    levels = np.asarray(picture, dtype=np.int16)
    return int(np.count_nonzero(np.abs(levels - most_common_shade(picture)) > _INK_CONTRAST))

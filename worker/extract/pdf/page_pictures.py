"""The pictures of pages with a good text layer: which are read, and how they are drawn for OCR.

Callers hold the document's lock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

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
# Pictures may lie upon each other: so many pages' worth of them is drawn.
_MAX_OVERLAP = 4
_INK_CONTRAST = 48
_MAX_UNCOVERED_INK = 0.3
"""Of a picture's ink beside the layer's characters on it; with less, the layer has its text."""


class PagePictures:
    """The pictures that the pages of one document show, in the order of its pages.

    A picture that many pages show is read on the first one. Where that page fails it says so itself: whether
    a later page read it instead would depend on which of them is finished first.
    """

    def __init__(self) -> None:
        self._first_page: dict[bytes, int] = {}

    def drop_seen(self, page: Any, number: int, layer: TextLayer) -> TextLayer:
        """The layer without pictures, of the same bytes and size, that a page before this one showed."""
        if not layer.pictures:
            return layer
        keys = picture_keys(page, layer.pictures)
        first = {
            box: self._first_page.setdefault(key, number) for box, key in keys.items() if key is not None
        }
        return replace(
            layer, pictures=tuple(box for box in layer.pictures if first.get(box, number) == number)
        )

    def forget(self, number: int) -> None:
        """Note that the pictures of a page will not be read, so that those after it show them first."""
        self._first_page = {key: page for key, page in self._first_page.items() if page != number}


def draw_pictures(page: Any, layer: TextLayer) -> Image.Image:
    """The page in grey, white but for the pictures whose text the layer does not have."""
    scale = _scale(page, layer.pictures)
    width_pt, height_pt = page.get_size()
    size_px = (max(1, math.ceil(width_pt * scale)), max(1, math.ceil(height_pt * scale)))
    drawn = Image.new("L", size_px, _WHITE)
    text_regions = [in_pixels(page, box, size_px) for box in layer.text_boxes]
    regions = dict.fromkeys(in_pixels(page, box, size_px) for box in layer.pictures)
    left_px = _MAX_OVERLAP * size_px[0] * size_px[1]
    for region, picture in _draw(page, [region for region in regions if _area(region) > 0], size_px, scale):
        left_px -= _area(region)
        if left_px < 0:
            break
        without_text = without(picture, region, [text for text in text_regions if _overlaps(text, region)])
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


def _draw(
    page: Any, regions: Sequence[Region], size_px: tuple[int, int], scale: float
) -> Iterator[tuple[Region, Image.Image]]:
    """What each region shows. The page is drawn once: it may be a plan, with a hundred pictures on it."""
    if not regions:
        return
    lefts, tops, rights, bottoms = zip(*regions, strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    crop = (left / scale, (size_px[1] - bottom) / scale, (size_px[0] - right) / scale, top / scale)
    with closing(page.render(scale=scale, crop=crop, grayscale=True, may_draw_forms=False)) as bitmap:
        # The library rounds the sides of what it draws in its own way.
        picture: Image.Image = bitmap.to_pil().convert("L")
        exact = Image.new("L", (right - left, bottom - top), _WHITE)
        exact.paste(picture, (0, 0))
    for region in regions:
        yield region, exact.crop((region[0] - left, region[1] - top, region[2] - left, region[3] - top))


def _area(region: Region) -> int:
    return max(0, region[2] - region[0]) * max(0, region[3] - region[1])


def _overlaps(one: Region, other: Region) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _is_covered(picture: Image.Image, without_text: Image.Image) -> bool:
    """Whether most of a picture's ink lies under the layer's characters, which therefore are its text."""
    # Both have the same background.
    shade = most_common_shade(picture)
    return _ink(without_text, shade) <= _MAX_UNCOVERED_INK * _ink(picture, shade)


def _ink(picture: Image.Image, shade: int) -> int:
    levels = picture.histogram()
    return sum(count for level, count in enumerate(levels) if abs(level - shade) > _INK_CONTRAST)

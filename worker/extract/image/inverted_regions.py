"""Inverted regions of a page, with light characters on dark: headings in a coloured band, reversed cells.

The table under a photographed page is as dark and is none: it has no characters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from worker.extract.image.regions import regions_of

LIGHT_ON_DARK = 1.6
"""Light characters are so many times brighter than the dark background around them; glare stays below."""

_WHITE = 255
_BACKGROUND_TILES = 11
"""Tiles of 8 x 8 px: more than a character of a heading is wide."""
_CHARACTERS_SHARE = 0.02
"""Of the whole region. A heading and a line below it cover 0.035 of their band; around a photographed page
0.006 is as bright, where its edge is not straight."""
_THICKER_TILES = 3
"""Tiles of 8 x 8 px: 24 px is no stroke of a character."""
_MAX_REGIONS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class InvertedRegions:
    """Two arrays of the size of the page: which pixels are in a region, and the background of each pixel."""

    mask: NDArray[np.bool_]
    background: NDArray[np.float32]


def find_inverted_regions(grey: Image.Image, *, paper: float) -> InvertedRegions:
    """The inverted regions of a page in grey whose paper mostly has the brightness `paper` (0..255)."""
    tiles = _background_tiles(grey)
    background = np.asarray(tiles.resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float32)
    dark = background * LIGHT_ON_DARK < paper
    light = dark & (np.asarray(grey) > LIGHT_ON_DARK * background)
    # A tile wider all around: the resized mask must cover the edges, which `dark` then cuts exactly.
    regions = Image.fromarray(_tiles_with_characters(dark, light)).filter(ImageFilter.MaxFilter(3))
    wider = regions.resize(grey.size, Image.Resampling.NEAREST)
    return InvertedRegions(mask=dark & np.asarray(wider), background=background)


def _background_tiles(grey: Image.Image) -> Image.Image:
    """The brightness behind the characters, a pixel for each 8 x 8, with the edges of bands and shadows."""
    # Characters, dark or light, cover less than half of any place, so the median is what is between them.
    sampled = np.asarray(grey.reduce(4).filter(ImageFilter.MedianFilter(3)))[::2, ::2]
    return Image.fromarray(sampled.copy()).filter(ImageFilter.MedianFilter(_BACKGROUND_TILES))


def _tiles_with_characters(dark: NDArray[np.bool_], light: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The dark regions that have light characters, a value for each 8 x 8 pixels."""
    bright = _reduce_mask(light)
    # A bright page that reaches into a dark region is thicker than characters are.
    thick = bright.filter(ImageFilter.MinFilter(_THICKER_TILES)).filter(
        ImageFilter.MaxFilter(3 * _THICKER_TILES)
    )
    characters = np.asarray(ImageChops.subtract(bright, thick), dtype=np.float32)
    tiles = np.zeros(characters.shape, dtype=np.bool_)
    labels = regions_of(np.asarray(_reduce_mask(dark)) > _WHITE // 2)
    for number in range(1, min(_MAX_REGIONS, int(labels.max(initial=0))) + 1):
        region = labels == number
        tiles |= region & (characters[region].mean() > _CHARACTERS_SHARE * _WHITE)
    return tiles


def _reduce_mask(mask: NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(mask).convert("L").reduce(8)

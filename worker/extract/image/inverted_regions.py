"""Dark places of a page on which light letters stand: headings in a coloured band, cells in reverse.

They are told from the table under a photographed page, which is as dark and has no letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

LIGHT_ON_DARK = 1.6
"""So many times brighter than what they stand on are light letters on a dark band; glare stays below."""

_WHITE = 255
_GROUND = 11
"""Eight pixels each: more than a letter of a heading is wide."""
_LETTERS_SHARE = 0.02
"""Of the whole place. A heading and a line below it cover 0.035 of their band; around a photographed page
0.006 is as bright, where its edge is not straight."""
_THICKER = 3
"""Eight pixels each: 24 px is no stroke of a letter."""
_MAX_PLACES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class DarkBands:
    """Where they are, and what the letters of a page stand on, dark or not; a value for each pixel."""

    where: NDArray[np.bool_]
    ground: NDArray[np.float32]


def dark_bands(grey: Image.Image, *, paper: float) -> DarkBands:
    """The bands of a grey page whose paper has that brightness for the most part."""
    ground = np.asarray(_ground(grey).resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float32)
    dark = ground * LIGHT_ON_DARK < paper
    light = dark & (np.asarray(grey) > LIGHT_ON_DARK * ground)
    found = Image.fromarray(_with_letters(dark, light)).filter(ImageFilter.MaxFilter(3))
    wider = found.resize(grey.size, Image.Resampling.NEAREST)
    return DarkBands(where=dark & np.asarray(wider), ground=ground)


def _ground(grey: Image.Image) -> Image.Image:
    """What letters stand on, a pixel for each 8 x 8, with the edges of bands and shadows.

    Letters, dark or light, cover less than half of any place, so the median is what is between them.
    """
    sampled = np.asarray(grey.reduce(4).filter(ImageFilter.MedianFilter(3)))[::2, ::2]
    return Image.fromarray(sampled.copy()).filter(ImageFilter.MedianFilter(_GROUND))


def _with_letters(dark: NDArray[np.bool_], light: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The dark places that have light letters, a value for each 8 x 8 pixels.

    The page itself, where it reaches into such a place, is thicker than letters are.
    """
    shown = _reduced(light)
    thick = shown.filter(ImageFilter.MinFilter(_THICKER)).filter(ImageFilter.MaxFilter(3 * _THICKER))
    letters = np.asarray(ImageChops.subtract(shown, thick), dtype=np.float32)
    found = np.zeros(letters.shape, dtype=np.bool_)
    for place in _connected(_reduced(dark).point(lambda level: _WHITE * (level > _WHITE // 2))):
        found |= place & (letters[place].mean() > _LETTERS_SHARE * _WHITE)
    return found


def _reduced(mask: NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(mask).convert("L").reduce(8)


def _connected(places: Image.Image) -> Iterator[NDArray[np.bool_]]:
    """Up to 50 white places of a picture, each of what hangs together."""
    for _ in range(_MAX_PLACES):
        left = np.argwhere(np.asarray(places) == _WHITE)
        if not len(left):
            return
        row, column = left[0]
        ImageDraw.floodfill(places, (int(column), int(row)), 1)
        place: NDArray[np.bool_] = np.asarray(places) == 1
        yield place
        places.paste(0, mask=Image.fromarray(place))

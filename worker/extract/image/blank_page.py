"""Blank pages are found in their pixels: a pass of the OCR engine over an empty page costs half a second.

The one test for it. A page that is not blank for certain goes to OCR.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.extract.image.grayscale import noise_level

_TILE_PX = 4
"""Half a millimetre at 200 dpi; less in small pictures, whose characters are small too."""
_TILES_ON_LONG_SIDE = 580
_LEAST_CONTRAST, _MOST_CONTRAST = 20, 48
"""Grey levels by which a tile of ink differs from the background: 20 is more than the shading of a scanned
page, and 48 is ink however strong the noise is."""
_SURELY_NOT_NOISE = 6.0
"""So many standard deviations of the noise that is left after averaging over a tile."""
_RUN = 3
"""Dust makes single dark tiles or pairs; the smallest character is three tiles high or wide."""


def is_blank(grey: Image.Image) -> bool:
    """Whether a page in 8-bit grey has no three tiles of ink in a row, across or down.

    The ink may be lighter than the background, and the background of any brightness.
    """
    noise = noise_level(grey)
    tile_px = max(1, min(_TILE_PX, max(grey.size) // _TILES_ON_LONG_SIDE))
    # Small tiles keep small characters, but average less of the noise away.
    tile_px = min(_TILE_PX, max(tile_px, math.ceil(_SURELY_NOT_NOISE * noise / _LEAST_CONTRAST)))
    contrast = min(_MOST_CONTRAST, max(_LEAST_CONTRAST, _SURELY_NOT_NOISE * noise / tile_px))
    tiles = np.asarray(grey.reduce(tile_px), dtype=np.int16)
    ink = np.abs(tiles - np.median(tiles)) > contrast
    return not (_has_run(ink) or _has_run(ink.T))


def _has_run(ink: NDArray[np.bool_]) -> bool:
    rows = ink[:, : 1 - _RUN].copy()
    for shift in range(1, _RUN):
        rows &= ink[:, shift : ink.shape[1] - _RUN + 1 + shift]
    return bool(rows.any())

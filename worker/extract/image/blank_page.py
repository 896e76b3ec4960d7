"""Blank pages told from the drawn page, without the OCR engine: a pass over nothing costs half a second.

Ink is looked for in tiles of half a millimetre. Dust and scanner noise make single dark tiles or pairs;
the smallest letter is three tiles high or wide. What is not blank for certain is recognised.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.extract.image.grayscale import to_grey

_TILE_PX = 4
"""Half a millimetre at 200 dpi; less in small pictures, whose letters are small too."""
_TILES_ON_LONG_SIDE = 580
_CONTRAST = 24
"""Grey levels by which a tile differs from the paper; noise, averaged over a tile, stays below."""
_RUN = 3


def is_blank(path: Path) -> bool:
    """Whether nothing stands out from the paper of a drawn page; False where it cannot be opened."""
    try:
        with Image.open(path) as image:
            return shows_nothing(to_grey(image))
    except (OSError, ValueError, Image.DecompressionBombError):
        return False  # the OCR engine tells what is wrong with it


def shows_nothing(grey: Image.Image) -> bool:
    """Whether a grey picture has no three tiles of ink in a row, across or down."""
    tile_px = max(1, min(_TILE_PX, max(grey.size) // _TILES_ON_LONG_SIDE))
    tiles = np.asarray(grey.reduce(tile_px), dtype=np.int16)
    ink = np.abs(tiles - np.median(tiles)) > _CONTRAST
    return not (_has_run(ink) or _has_run(ink.T))


def _has_run(ink: NDArray[np.bool_]) -> bool:
    rows = ink[:, : 1 - _RUN].copy()
    for shift in range(1, _RUN):
        rows &= ink[:, shift : ink.shape[1] - _RUN + 1 + shift]
    return bool(rows.any())

"""A part of a page that stands for all of it: small enough to be read in several ways."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from worker.extract.image.grayscale import most_common_shade
from worker.extract.image.ink import ink_of, rules_of

_TILE_PX = 8
_AREA_TILES = 4_900
"""Four lines of ordinary print across the page at 200 dpi, an eighth of a page of text."""
_MIN_SIDE_TILES = 22
_CLEAR_DIRECTION = 1.25
_WHOLE_SHARE = 2.0
"""Ink within so many times the sample's area is taken whole: it is a short text, of which all counts."""
_MARGIN_PX = 24
_RULE_PX, _BORDER_PX = 120, 16
_EDGES = (1, 24)
"""Edges of strokes in a tile of text, across and down: rules and areas have fewer, halftones more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The part as a picture; `is_whole` where it has all of the page's ink."""

    picture: Image.Image
    is_whole: bool


def sample_of(grey: Image.Image) -> Sample | None:
    """The part of a page in grey that has the most text; None where there is no ink."""
    ink = ink_of(grey)
    tiles = _tiles_of_text(ink)
    rows, columns = np.flatnonzero(tiles.any(axis=1)), np.flatnonzero(tiles.any(axis=0))
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    if (right - left) * (bottom - top) <= _WHOLE_SHARE * _AREA_TILES:
        left, top, right, bottom = (_TILE_PX * edge for edge in (left, top, right, bottom))
        around = (left - _MARGIN_PX, top - _MARGIN_PX, right + _MARGIN_PX, bottom + _MARGIN_PX)
        return Sample(picture=_without_rules(_crop(grey, around)), is_whole=True)
    size = _window_size(right - left, bottom - top, runs_down(ink))
    left, top = _densest_window(tiles, size)
    columns_px = [_TILE_PX * edge for edge in (left, left + size[0])]
    left, right = (_gap_near(np.asarray(ink.any(axis=0)), edge) for edge in columns_px)
    has_ink = np.asarray(ink[:, left:right].any(axis=1))
    top, bottom = (_gap_near(has_ink, _TILE_PX * edge) for edge in (top, top + size[1]))
    return Sample(picture=_without_rules(_crop(grey, (left, top, right, bottom))), is_whole=False)


def runs_down(ink: NDArray[np.bool_]) -> bool | None:
    """Whether lines run down a picture, by the gaps between them; None where that is not clear."""
    along_rows, along_columns = (_unevenness(ink.sum(axis=axis)) for axis in (1, 0))
    if max(along_rows, along_columns) < _CLEAR_DIRECTION * min(along_rows, along_columns):
        return None
    return along_columns > along_rows


def _unevenness(sums: NDArray[np.int_]) -> float:
    return float(sums.std() / max(1.0, sums.mean()))


def _window_size(width: int, height: int, is_down: bool | None) -> tuple[int, int]:
    """Width and height in tiles: whole lines where their direction is clear.

    So a row of a table has its words as well as its figures.
    """
    if is_down is None:
        side = math.isqrt(_AREA_TILES)
        return min(side, width), min(side, height)
    along = min(height if is_down else width, _AREA_TILES // _MIN_SIDE_TILES)
    across = min(width if is_down else height, max(_MIN_SIDE_TILES, _AREA_TILES // along))
    return (across, along) if is_down else (along, across)


def _crop(grey: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    left, top, right, bottom = box
    return grey.crop((max(0, left), max(0, top), min(grey.width, right), min(grey.height, bottom)))


def _without_rules(grey: Image.Image) -> Image.Image:
    """The picture without ruled lines, in a margin: of a table that is cut off it reads nothing."""
    rules = rules_of(ink_of(grey), _RULE_PX)
    paper = most_common_shade(grey)
    if rules.any():
        wider = np.asarray(Image.fromarray(rules).convert("L").filter(ImageFilter.MaxFilter(5))) > 0
        grey = Image.fromarray(np.where(wider, np.uint8(paper), np.asarray(grey)))
    return ImageOps.expand(grey, _BORDER_PX, fill=paper)


def _tiles_of_text(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The tiles of 8 x 8 px with as many edges as strokes of characters have."""
    rows, columns = (side // _TILE_PX for side in ink.shape)
    whole = ink[: rows * _TILE_PX, : columns * _TILE_PX]
    across = np.zeros(whole.shape, dtype=np.uint8)
    across[:, 1:] = whole[:, 1:] != whole[:, :-1]
    across[1:] += whole[1:] != whole[:-1]
    edges = across.reshape(rows, _TILE_PX, columns, _TILE_PX).sum(axis=(1, 3), dtype=np.int32)
    least, most = _EDGES
    return np.asarray(np.logical_and(edges >= least, edges <= most))


def _densest_window(tiles: NDArray[np.bool_], size: tuple[int, int]) -> tuple[int, int]:
    """Left and top, in tiles, of the window with the most tiles of text; the upper one of equals."""
    width, height = size
    sums = np.pad(tiles.astype(np.int32).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows = (
        sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    )
    top, left = divmod(int(windows.argmax()), windows.shape[1])
    return left, top


def _gap_near(has_ink: NDArray[Any], place: int) -> int:
    """The place without ink that is nearest, so that the edge cuts no characters; else the place itself."""
    first = max(0, place - _MARGIN_PX)
    gaps = np.flatnonzero(~has_ink[first : place + _MARGIN_PX + 1]) + first
    return int(gaps[np.abs(gaps - place).argmin()]) if gaps.size else min(place, len(has_ink))

"""Characters of a vertical line put beside each other, to find out whether it is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from worker.extract.ocr.network.cells import Box

_MOST_CHARS = 16
_SQUARE = (0.45, 1.15)
"""Heights of a character in widths of its line; what is higher are two that touch."""
_WHITE = 255
_SHEET_GAP_PX = 12


def set_level(page: Image.Image, line: Box) -> Image.Image | None:
    """The characters of a line from top to bottom as a line from left to right; None where it has too few."""
    picture = page.crop((line.left, line.top, line.right, line.bottom))
    side_px = line.width
    squares = [
        picture.crop((0, begin, side_px, end)) for begin, end in _characters(picture, side_px=side_px)
    ][:_MOST_CHARS]
    if len(squares) < 2:
        return None
    level = Image.new("L", (side_px * len(squares), side_px), _WHITE)
    for number, square in enumerate(squares):
        level.paste(square, (side_px * number, (side_px - square.height) // 2))
    return level


def stack(strips: Sequence[Image.Image]) -> tuple[Image.Image, list[Box]]:
    """Lines below each other on a page of their own, and their boxes."""
    width_px = max((strip.width for strip in strips), default=1)
    height_px = sum(strip.height + _SHEET_GAP_PX for strip in strips)
    sheet = Image.new("L", (width_px, max(1, height_px)), _WHITE)
    boxes: list[Box] = []
    top_px = 0
    for strip in strips:
        sheet.paste(strip, (0, top_px))
        boxes.append(Box(left=0, top=top_px, width=strip.width, height=strip.height))
        top_px += strip.height + _SHEET_GAP_PX
    return sheet, boxes


def _characters(picture: Image.Image, *, side_px: int) -> Iterator[tuple[int, int]]:
    """The rows of pixels (from, to) of what has the height of one character."""
    grey = np.asarray(picture)
    has_ink = (grey < (int(grey.min()) + int(grey.max())) / 2).any(axis=1)
    edges = np.flatnonzero(np.diff(has_ink.astype(np.int8), prepend=0, append=0))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if _SQUARE[0] * side_px <= end - begin <= _SQUARE[1] * side_px:
            yield begin, end

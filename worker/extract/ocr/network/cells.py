"""The parts of a line that hold text, cut out of the page: the network gets no wide gaps and no rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_MARGIN = 0.12
"""Part of a line's height that is added around its box: Tesseract's boxes cut off the ends of strokes."""
_MIN_MARGIN_PX = 2
_LEVEL_PX = 2.0
"""A line that falls by less from its begin to its end is level."""
_WHITE = 255
_WIDE_GAP = 1.0
"""Part of a line's height; a typed space is a third of it, an ideographic one is all of it at most."""
_RULE = 0.9
"""A row or column of the line image that is dark for this share of it is a ruled line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle in pixels of the page, from the top left.

    Of a line that is tilted, as on photographs, `slope` is how far it falls a pixel to the right; the
    rectangle is where its middle is.
    """

    left: int
    top: int
    width: int
    height: int
    slope: float = 0.0

    @property
    def right(self) -> int:
        """The column of pixels after the last one."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The row of pixels after the last one."""
        return self.top + self.height

    def top_at(self, x_px: float) -> float:
        """Where the upper edge is at a column of pixels."""
        return self.top + self.slope * (x_px - self.left - self.width / 2)

    def part(self, left: int, right: int) -> Box:
        """The box of a part of the line, between two columns of pixels."""
        return Box(
            left=left,
            top=round(self.top_at((left + right) / 2)),
            width=max(1, right - left),
            height=self.height,
            slope=self.slope,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A part of a line: its box without the margin above and below, and its picture with it."""

    box: Box
    picture: Image.Image

    def gap(self, begin: float, end: float) -> float:
        """The widest stretch without ink between two shares of the width, by the picture's height."""
        first, last = (round(self.picture.width * place) for place in (begin, end))
        ink = np.flatnonzero(_columns_with_ink(self.picture)[first:last])
        edges = np.concatenate(([-1], ink, [max(0, last - first)]))
        return float(np.diff(edges).max() - 1) / self.picture.height


def cells(page: Image.Image, line: Box) -> Iterator[Cell]:
    """The parts of a line, from left to right: split at wide gaps, where the network writes no space."""
    margin_px = max(_MIN_MARGIN_PX, round(_MARGIN * line.height))
    left, top = max(0, line.left - margin_px), max(0, line.top - margin_px)
    right, bottom = min(page.width, line.right + margin_px), min(page.height, line.bottom + margin_px)
    picture = page.crop((left, top, right, bottom))
    if abs(line.slope) * line.width > _LEVEL_PX:
        # Each column of pixels is moved up or down, which does for a degree or two.
        level = (1, 0, left, line.slope, 1, line.top_at(left) - (line.top - top))
        picture = page.transform(
            picture.size, Image.Transform.AFFINE, level, Image.Resampling.BILINEAR, fillcolor=_WHITE
        )
    columns = _columns_of_text(picture, gap_px=round(_WIDE_GAP * line.height), margin_px=margin_px)
    for begin, end in columns:
        if (begin, end) == (0, picture.width):
            yield Cell(box=line, picture=picture)
        else:
            box = line.part(left + begin, left + end)
            yield Cell(box=box, picture=picture.crop((begin, 0, end, picture.height)))


def _columns_of_text(picture: Image.Image, *, gap_px: int, margin_px: int) -> list[tuple[int, int]]:
    """The columns of pixels (from, to) of a line that hold text."""
    ink = np.flatnonzero(_columns_with_ink(picture))
    gaps = np.flatnonzero(np.diff(ink) > gap_px)
    if not gaps.size:
        return [(0, picture.width)]
    begins, ends = ink[[0, *(gaps + 1)]], ink[[*gaps, -1]]
    return [
        (max(0, int(begin) - margin_px), min(picture.width, int(end) + 1 + margin_px))
        for begin, end in zip(begins, ends, strict=True)
    ]


def _columns_with_ink(picture: Image.Image) -> NDArray[np.bool_]:
    """Whether each column of pixels has ink that is no rule."""
    grey = np.asarray(picture)
    dark = grey < (int(grey.min()) + int(grey.max())) / 2
    dark = dark[dark.mean(axis=1) < _RULE]
    if not dark.size:
        return np.zeros(picture.width, dtype=np.bool_)
    return np.asarray(dark.any(axis=0) & (dark.mean(axis=0) < _RULE))

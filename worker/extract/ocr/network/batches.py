"""Pictures of lines, of all lengths, made into few batches of few widths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HEIGHT_PX = 48
"""The network knows lines of this height alone."""
_WIDTHS_PX: tuple[int, ...] = (
    *range(64, 321, 32),
    *range(384, 769, 64),
    *range(896, 1281, 128),
    *range(1536, 2049, 256),
    *range(2560, 3585, 512),
    3840,
)
"""Padding costs as much as a line. For each width the library prepares itself anew, which costs as much as
170 pixels, so they are not finer. A longer line is narrowed to the last of them."""
_BATCH_PX = 3840
"""Of width, all lines of a batch together: more gain nothing, and take memory."""
_MARGIN_PX = 32
"""Beside the longest line of a batch: where a line ends with its picture its last character is misread."""
_MIN_WIDTH_PX = 16
_NARROWING = 0.8
"""Square characters can be read at this share of their width for a fifth less; Latin ones can not."""
_LONG_NARROWING = 0.7
"""And long lines at this one: they are sentences, and most of what a page costs. Figures need the other."""
_LONG = 10
"""A long line is so many times as wide as high."""
_STEP_PX = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Lines of one width: which they are, their pixels, and the steps that each of them is long."""

    numbers: tuple[int, ...]
    pixels: NDArray[np.float32]
    steps: tuple[int, ...]


def batches(lines: Sequence[Image.Image], *, narrow: bool = False) -> Iterator[Batch]:
    """The lines of one page in batches, `narrow` for square characters.

    The same lines make the same batches: what a line is read beside may change its last digits.
    """
    widths = [width_px_of(line, narrow=narrow) for line in lines]
    order = sorted(range(len(lines)), key=lambda number: (widths[number], number))
    for bucket_px, numbers in groupby(order, key=lambda number: _bucket_px(widths[number])):
        alike = list(numbers)
        most = max(1, _BATCH_PX // bucket_px)
        for begin in range(0, len(alike), most):
            yield _batch(lines, widths, alike[begin : begin + most])


def width_px_of(line: Image.Image, *, narrow: bool) -> int:
    """How wide a line is when the network reads it."""
    is_long = line.width >= _LONG * line.height
    narrowing = (_LONG_NARROWING if is_long else _NARROWING) if narrow else 1.0
    width_px = round(line.width * HEIGHT_PX / max(1, line.height) * narrowing)
    return min(_WIDTHS_PX[-1], max(_MIN_WIDTH_PX, width_px))


def _bucket_px(width_px: int) -> int:
    needed_px = min(width_px + _MARGIN_PX, _WIDTHS_PX[-1])
    return next(bucket for bucket in _WIDTHS_PX if needed_px <= bucket)


def _batch(lines: Sequence[Image.Image], widths: Sequence[int], numbers: Sequence[int]) -> Batch:
    width_px = _bucket_px(max(widths[number] for number in numbers))
    # Beside a line there is the middle grey that the network was trained with.
    grey = np.zeros((len(numbers), HEIGHT_PX, width_px), dtype=np.float32)
    for place, number in enumerate(numbers):
        line = lines[number].resize((widths[number], HEIGHT_PX), Image.Resampling.BILINEAR)
        grey[place, :, : widths[number]] = np.asarray(line, dtype=np.float32) / 127.5 - 1.0
    pixels = np.repeat(grey[:, np.newaxis], 3, axis=1)
    steps = tuple(-(-widths[number] // _STEP_PX) for number in numbers)
    return Batch(numbers=tuple(numbers), pixels=pixels, steps=steps)

"""Where on a page there is text, by the network: boxes of lines, or of their parts, in no order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.runtimes import opencv
from worker.extract.ocr.network.sessions import Session

_LONG_SIDE_PX = 960
"""Lines of a dense page are 12 pixels high then; at 1,280 it finds the same and costs twice as much."""
_MULTIPLE_PX = 32
"""The network halves a page five times."""
_TEXT, _SURE = 0.3, 0.5
"""A pixel over the first is text; a box whose mean is under the second is none."""
_GROWTH = 1.6
"""The network was trained to mark the middle of a line; by this its area over its outline is grown."""
_MIN_SIDE_PX = 3
_LONG = 3.0
"""A component so many times as long as high shows which way its line falls."""


def detect(page: Image.Image, network: Session) -> list[Box]:
    """The boxes of the text of a page in 8-bit grey."""
    scale = min(1.0, _LONG_SIDE_PX / max(page.size))
    width_px, height_px = (
        max(_MULTIPLE_PX, round(side * scale / _MULTIPLE_PX) * _MULTIPLE_PX) for side in page.size
    )
    small = page.resize((width_px, height_px), Image.Resampling.BILINEAR)
    grey = np.asarray(small, dtype=np.float32) / 127.5 - 1.0
    pixels = np.ascontiguousarray(np.broadcast_to(grey, (1, 3, height_px, width_px)))
    return boxes_of(network.run(pixels)[0, 0], page.size)


def boxes_of(text: NDArray[np.float32], size_px: Sequence[int]) -> list[Box]:
    """The boxes in pixels of the page from a map of how likely each pixel is text."""
    height_px, width_px = text.shape
    scale = (size_px[0] / width_px, size_px[1] / height_px)
    count, labels, stats, _ = opencv().connectedComponentsWithStats((text > _TEXT).astype(np.uint8))
    sums = np.bincount(labels.ravel(), weights=text.ravel(), minlength=count)
    slopes, tops, bottoms = _level(np.asarray(labels, dtype=np.int32), count)
    boxes: list[Box] = []
    for number in range(1, count):  # 0 is the background
        left, top, width, height, area = (int(value) for value in stats[number])
        slope = float(slopes[number]) if width > _LONG * height else 0.0
        if slope:
            # Measured along the line; at its middle it is where it would be if it were level.
            fall = slope * (left + width / 2)
            top, height = round(tops[number] + fall), round(bottoms[number] - tops[number]) + 1
        if min(width, height) >= _MIN_SIDE_PX and sums[number] / area >= _SURE:
            boxes.append(_grow((left, top, width, height), slope, scale, (width_px, height_px)))
    return boxes


def _level(
    labels: NDArray[np.int32], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each component the slope of a line through it, and its edges above and below as seen along that."""
    y, x = np.nonzero(labels)
    which = labels[y, x]

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(which, weights=values, minlength=count), dtype=np.float64)

    area = np.maximum(total(np.ones(len(x))), 1.0)
    mean_x, mean_y = total(x.astype(float)) / area, total(y.astype(float)) / area
    spread = total((x - mean_x[which]) ** 2)
    common = total((x - mean_x[which]) * (y - mean_y[which]))
    slopes = common / np.maximum(spread, 1.0)
    beside = y - slopes[which] * x
    tops, bottoms = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(tops, which, beside)
    np.maximum.at(bottoms, which, beside)
    return slopes, tops, bottoms


def _grow(
    rectangle: tuple[int, int, int, int], slope: float, scale: tuple[float, float], size_px: tuple[int, int]
) -> Box:
    """The box in pixels of the page of a component in those of the map."""
    left_px, top_px, width, height = rectangle
    right, down = scale
    grown = _GROWTH * width * height / (2 * (width + height))
    left, end = max(0.0, left_px - grown), min(size_px[0], left_px + width + grown)
    top, bottom = max(0.0, top_px - grown), min(size_px[1], top_px + height + grown)
    return Box(
        left=round(left * right),
        top=round(top * down),
        width=max(1, round((end - left) * right)),
        height=max(1, round((bottom - top) * down)),
        slope=slope * down / right,
    )

"""Where on a page there is text, by the network: boxes of lines, or of their parts, in no order."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.sessions import Session

_LONG_SIDE_PX = 960
"""Lines of a dense page are 12 pixels high then; at 1,280 it finds the same and costs twice as much."""
_GRAIN_PX = 32
"""The network halves a page five times."""
_TEXT, _SURE = 0.3, 0.5
"""A pixel over the first is text; a box whose mean is under the second is none."""
_GROWTH = 1.6
"""The network was trained to mark the middle of a line; by this its area over its outline is grown."""
_MIN_SIDE_PX = 3


def detect(page: Image.Image, network: Session) -> list[Box]:
    """The boxes of the text of a page in 8-bit grey."""
    scale = min(1.0, _LONG_SIDE_PX / max(page.size))
    width_px, height_px = (max(_GRAIN_PX, round(side * scale / _GRAIN_PX) * _GRAIN_PX) for side in page.size)
    small = page.resize((width_px, height_px), Image.Resampling.BILINEAR)
    grey = np.asarray(small, dtype=np.float32) / 127.5 - 1.0
    pixels = np.ascontiguousarray(np.broadcast_to(grey, (1, 3, height_px, width_px)))
    return boxes_of(network.run(pixels)[0, 0], page.size)


def boxes_of(text: NDArray[np.float32], size_px: Sequence[int]) -> list[Box]:
    """The boxes in pixels of the page from a map of how likely each pixel is text."""
    height_px, width_px = text.shape
    right, down = size_px[0] / width_px, size_px[1] / height_px
    count, labels, stats, _ = cv2.connectedComponentsWithStats((text > _TEXT).astype(np.uint8))
    sums = np.bincount(labels.ravel(), weights=text.ravel(), minlength=count)
    boxes: list[Box] = []
    for number in range(1, count):  # 0 is the background
        x_px, y_px, wide_px, high_px, area = (int(value) for value in stats[number])
        if min(wide_px, high_px) < _MIN_SIDE_PX or sums[number] / area < _SURE:
            continue
        grown = _GROWTH * wide_px * high_px / (2 * (wide_px + high_px))
        left, top = max(0.0, x_px - grown), max(0.0, y_px - grown)
        end, bottom = min(width_px, x_px + wide_px + grown), min(height_px, y_px + high_px + grown)
        boxes.append(
            Box(
                left=round(left * right),
                top=round(top * down),
                width=max(1, round((end - left) * right)),
                height=max(1, round((bottom - top) * down)),
            )
        )
    return boxes

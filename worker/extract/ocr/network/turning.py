"""The boxes of a page turned upright with it, by quarters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from worker.extract.ocr.network.cells import Box


def turn_boxes(boxes: Sequence[Box], size_px: tuple[int, int], degrees: int) -> list[Box]:
    """The boxes of a page of a size where they are when it is turned clockwise."""
    return [_turn_box(box, size_px, degrees) for box in boxes]


def _turn_box(box: Box, size_px: tuple[int, int], degrees: int) -> Box:
    width_px, height_px = size_px
    if degrees == 90:
        return Box(left=height_px - box.bottom, top=box.left, width=box.height, height=box.width)
    if degrees == 180:
        return replace(box, left=width_px - box.right, top=height_px - box.bottom)
    if degrees == 270:
        return Box(left=box.top, top=width_px - box.right, width=box.height, height=box.width)
    return box

"""Pictures of every kind as eight-bit grey: what is transparent, what is deeper than eight bits."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

_WHITE = 255
_NEARLY_WHITE = 232
_FULL_SCALES = (1.0, 255.0, 1_023.0, 4_095.0, 16_383.0, 65_535.0, math.inf)
"""Cameras and scanners of 10, 12 and 14 bits keep their values in 16."""
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def to_grey(image: Image.Image) -> Image.Image:
    """Any picture as mode L, transparent parts on white, deeper than 8 bits scaled down."""
    if image.mode == "L" and not image.has_transparency_data:
        return image
    if image.mode in _DEEP_MODES:
        return _scaled_to_8_bits(image)
    if image.has_transparency_data:
        return on_paper(image).convert("L")
    return image.convert("L")


def on_paper(image: Image.Image) -> Image.Image:
    """A picture with transparent parts on white, as RGB; on black where all that it shows is nearly white."""
    layer = image.convert("RGBA")
    shown = np.asarray(layer.getchannel("A").reduce(2)) > _WHITE // 4
    light = np.asarray(layer.convert("L").reduce(2)) >= _NEARLY_WHITE
    is_light = 0.0 < shown.mean() < 0.5 and bool((light | ~shown).all())
    paper = Image.new("RGBA", layer.size, "black" if is_light else "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def noise_level(grey: Image.Image) -> float:
    """Standard deviation of the noise of a page, in gray levels; strokes, being few, do not count."""
    steps = np.abs(np.diff(np.asarray(grey)[::4].astype(np.int16), axis=1))
    # The median absolute difference of two normally distributed values is 0.954 standard deviations.
    return float(np.median(steps)) / 0.954 if steps.size else 0.0


def _scaled_to_8_bits(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float64)
    highest = pixels.max(initial=0.0)
    full = next(scale for scale in _FULL_SCALES if highest <= scale)
    if full == math.inf:
        full = highest
    if full == 1.0 and image.mode != "F":
        full = 255.0
    return Image.fromarray((pixels.clip(0.0, full) * (_WHITE / full)).astype(np.uint8))

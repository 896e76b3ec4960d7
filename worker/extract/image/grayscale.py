"""Images of every mode as 8-bit grey: transparency is flattened, deeper values are scaled."""

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
    """Any image in mode L, transparent parts white, values of over 8 bits scaled; mode L as it is."""
    if image.mode == "L" and not image.has_transparency_data:
        return image
    if image.mode in _DEEP_MODES:
        return _scale_to_8_bits(image)
    if image.has_transparency_data:
        return flatten_transparency(image).convert("L")
    return image.convert("L")


def flatten_transparency(image: Image.Image) -> Image.Image:
    """RGB with transparent parts white, or black where all that is visible is nearly white."""
    layer = image.convert("RGBA")
    # Half the resolution is enough for a majority, and a quarter of the time.
    visible = np.asarray(layer.getchannel("A").reduce(2)) > _WHITE // 4
    light = np.asarray(layer.convert("L").reduce(2)) >= _NEARLY_WHITE
    # A logo in white would vanish on white.
    is_light = 0.0 < visible.mean() < 0.5 and bool((light | ~visible).all())
    background = Image.new("RGBA", layer.size, "black" if is_light else "white")
    return Image.alpha_composite(background, layer).convert("RGB")


def most_common_shade(grey: Image.Image) -> int:
    """The grey level that most pixels have: that of the paper, as a rule."""
    return max(range(256), key=grey.histogram().__getitem__)


def noise_level(grey: Image.Image) -> float:
    """Standard deviation of the noise of a page, in grey levels; strokes, being few, do not count."""
    steps = np.abs(np.diff(np.asarray(grey)[::4].astype(np.int16), axis=1))
    # The median absolute difference of two normally distributed values is 0.954 standard deviations.
    return float(np.median(steps)) / 0.954 if steps.size else 0.0


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float64)
    highest = pixels.max(initial=0.0)
    full = next(scale for scale in _FULL_SCALES if highest <= scale)
    if full == math.inf:
        full = highest
    # Integers up to 1 are nearly black; only floating point images have 1.0 for white.
    if full == 1.0 and image.mode != "F":
        full = 255.0
    return Image.fromarray((pixels.clip(0.0, full) * (_WHITE / full)).astype(np.uint8))

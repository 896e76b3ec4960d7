"""Pictures made easier to read: ImagePreprocessor, and what can be told of a page before reading it.

Pillow and numpy only. Tesseract binarises for itself, so the worker's usual page goes past all this;
it is for pictures that were read badly, and for callers who ask for it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_MEDIAN_PX = 3
_WHITE = 255
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_CONTRAST = 48
"""Grey levels by which ink differs from the paper; noise, averaged over 4 x 4 pixels, stays below."""
_INK_SHARE = 1e-4
_PROBE_PX = 800
_MAX_SKEW_DEGREES = 15
_CLEARLY_SHARPER = 1.1


class ImagePreprocessor:
    """Grayscale, denoise (median), threshold (Otsu); `last_operations` names what was done, in order.

    `process` starts the list anew, a method called by itself adds to it. Not for several threads at once.
    """

    def __init__(self) -> None:
        self.last_operations: list[str] = []

    def process(
        self, image: Image.Image, *, grayscale: bool = True, denoise: bool = True, threshold: bool = True
    ) -> Image.Image:
        """Apply the chosen operations in this order; the picture given is left as it is."""
        self.last_operations = []
        if grayscale:
            image = self.grayscale(image)
        if denoise:
            image = self.denoise(image)
        if threshold:
            image = self.threshold(image)
        return image

    def grayscale(self, image: Image.Image) -> Image.Image:
        """Eight-bit grey (mode L): what is transparent becomes white paper, 16 bits are scaled to 8."""
        self.last_operations.append("grayscale")
        return to_grey(image)

    def denoise(self, image: Image.Image) -> Image.Image:
        """Remove specks with a median over 3 x 3 pixels."""
        self.last_operations.append("denoise")
        plain = image if image.mode in ("L", "RGB") else to_grey(image)
        return plain.filter(ImageFilter.MedianFilter(_MEDIAN_PX))

    def threshold(self, image: Image.Image) -> Image.Image:
        """Black and white (mode L, values 0 and 255) at Otsu's threshold."""
        self.last_operations.append("threshold")
        grey = to_grey(image)
        limit = _otsu(grey)
        return grey.point([_WHITE if value > limit else 0 for value in range(256)])


def to_grey(image: Image.Image) -> Image.Image:
    """Any picture as mode L, transparent parts on white, deeper than 8 bits scaled down."""
    if image.mode == "L" and not image.has_transparency_data:
        return image
    if image.mode in _DEEP_MODES:
        return _scaled_to_8_bits(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (_WHITE, _WHITE, _WHITE, _WHITE))
        return Image.alpha_composite(paper, layer).convert("L")
    return image.convert("L")


def has_ink(grey: Image.Image) -> bool:
    """Whether anything stands out from the paper of a grey page: False for a blank one."""
    pixels = np.asarray(grey.reduce(4), dtype=np.int16)
    outstanding = np.abs(pixels - np.median(pixels)) > _CONTRAST
    return bool(outstanding.mean() >= _INK_SHARE)


def skew_degrees(grey: Image.Image) -> float:
    """Degrees (-15..15) to turn a grey page counter-clockwise so that its lines run level.

    The angle is the one at which the ink, projected along the lines, falls into the fewest rows (largest
    sum of squares). 0 where no angle is clearly sharper than none, or the page is blank.
    """
    small = grey.reduce(max(1, max(grey.size) // _PROBE_PX))
    dark = np.asarray(small) <= _otsu(small)
    rows, columns = np.nonzero(dark if dark.mean() < 0.5 else ~dark)
    if not rows.size:
        return 0.0

    def sharpness(degrees: float) -> float:
        angle = math.radians(degrees)
        level = np.rint(rows * math.cos(angle) - columns * math.sin(angle)).astype(np.int64)
        return float(np.square(np.bincount(level - level.min()).astype(np.float64)).sum())

    coarse = max(range(-_MAX_SKEW_DEGREES, _MAX_SKEW_DEGREES + 1), key=sharpness)
    best = max((coarse + step / 4 for step in range(-3, 4)), key=sharpness)
    return best if sharpness(best) >= _CLEARLY_SHARPER * sharpness(0.0) else 0.0


def _scaled_to_8_bits(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float64)
    highest = pixels.max(initial=0.0)
    full = next(scale for scale in (1.0, 255.0, 65_535.0, math.inf) if highest <= scale)
    if full == math.inf:
        full = highest
    if full == 1.0 and image.mode != "F":
        full = 255.0
    return Image.fromarray((pixels.clip(0.0, full) * (_WHITE / full)).astype(np.uint8))


def _otsu(grey: Image.Image) -> int:
    """The grey level that parts dark (<=) from light with the largest variance between the two.

    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9 (1979).
    """
    counts: NDArray[np.float64] = np.array(grey.histogram(), dtype=np.float64)
    values = np.arange(256)
    dark = counts.cumsum()
    light = dark[-1] - dark
    dark_sum = (counts * values).cumsum()
    light_sum = dark_sum[-1] - dark_sum
    apart = (dark > 0) & (light > 0)
    between = np.zeros(256)
    means = dark_sum[apart] / dark[apart] - light_sum[apart] / light[apart]
    between[apart] = dark[apart] * light[apart] * np.square(means)
    return int(between.argmax())

"""Pictures made easier to read: ImagePreprocessor, and what can be told of a page before reading it.

Pillow and numpy only. Tesseract binarises for itself, so a clean page goes past all this untouched: each
remedy of `mend` is applied only where the picture shows what it helps against. Measured on pages as those of
the test bed, some spoilt harder (character accuracy before and after; the look costs 0.03 CPU seconds):

    soften      grain of 45 grey levels, one pass 0.00 -> 0.99..1.00;
                black-and-white fax 0.96 -> 0.98 (a median of 3 x 3: 0.94)
    even_light  phone photo 0.37..0.50 -> 0.99..1.00
    deskew      7 degrees, lines in part lost 0.31..0.57 -> 1.00
    reduce      Japanese at 600 dpi 0.37 -> 1.00, at a third of the time
    invert      white on black: the same text, at two thirds of the time
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from worker.extract.image.grayscale import noise_level, to_grey
from worker.extract.image.inverted_regions import LIGHT_ON_DARK, dark_bands

_MEDIAN_PX = 3
_WHITE = 255
_PROBE_PX = 800
_MAX_SKEW_DEGREES = 15
_CLEARLY_SHARPER = 1.1
_LEAST_SKEW_DEGREES = 1.5
"""Tesseract follows the slope of its lines; up to here levelling makes no difference."""
_GRAIN = 3.0
_BILEVEL_SHARE = 0.995
_SOFT_PX = 1.0
_BLOCK_PX = 32
_PAPER_PERCENTILE = 80
_UNEVEN = 0.15
"""Part of the paper's brightness by which it varies over the page; a flat scanner stays below 0.03."""
_EVEN_PAPER = 245
_DARK_PAPER = 100
_SMALL_PIXELS = 500_000
"""Pictures below are doubled: 12 px letters are read at 0.96 instead of 0.86 of the truth, from 20 px on
(800 x 690 in the same layout) it makes no difference and costs a quarter more time. Large letters in
a small picture, and thick rules around small ones, are read worse when they are doubled."""
_LARGE_STROKE_PX = 4
_LARGE_PIXELS = 8_000_000
_ENOUGH_PIXELS = 2_000_000
_ENOUGH_STROKE_PX = 3
"""Strokes of ordinary letters at 200 dpi; finer pixels tell Tesseract nothing."""


class ImagePreprocessor:
    """Single operations, `process` for those one chooses, `mend` for those the picture needs.

    `last_operations` names what was done, in order: `process` and `mend` start the list anew, a method
    called by itself adds to it. Not for several threads at once.
    """

    def __init__(self) -> None:
        self.last_operations: list[str] = []

    def process(
        self,
        image: Image.Image,
        *,
        grayscale: bool = True,
        deskew: bool = False,
        denoise: bool = True,
        threshold: bool = True,
    ) -> Image.Image:
        """Apply the chosen operations in this order; the picture given is left as it is."""
        self.last_operations = []
        if grayscale:
            image = self.grayscale(image)
        if deskew:
            image = self.deskew(image)
        if denoise:
            image = self.denoise(image)
        if threshold:
            image = self.threshold(image)
        return image

    def mend(self, grey: Image.Image) -> Image.Image:
        """A grey page with what spoils it removed; the same object where nothing does."""
        self.last_operations = []
        if _finer_than_needed(grey) > 1:
            grey = self.reduce(grey)
        if np.median(np.asarray(grey.reduce(4))) < _DARK_PAPER:
            grey = self.invert(grey)
        if _unevenness(_paper(grey)) > _UNEVEN:
            grey = self.even_light(grey)
        if noise_level(grey) > _GRAIN or _is_bilevel(grey):
            grey = self.soften(grey)
        return self.deskew(grey)

    def reduce(self, image: Image.Image) -> Image.Image:
        """Fewer pixels, as many as letters of this size need."""
        self.last_operations.append("reduce")
        return image.reduce(max(1, _finer_than_needed(to_grey(image))))

    def invert(self, image: Image.Image) -> Image.Image:
        """Black on white out of white on black."""
        self.last_operations.append("invert")
        return ImageOps.invert(to_grey(image))

    def even_light(self, image: Image.Image) -> Image.Image:
        """Paper of one brightness, by dividing by the paper around each place.

        The paper around light letters is the dark band they stand on; they become dark ones on light paper.
        """
        self.last_operations.append("even_light")
        grey = to_grey(image)
        paper = _paper(grey).filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(1.5))
        around = np.asarray(paper.resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float32)
        usual = float(np.percentile(np.asarray(paper), _PAPER_PERCENTILE))
        dark = dark_bands(grey, paper=usual)
        brightness = np.asarray(grey) / np.maximum(np.where(dark.where, dark.ground, around), 16.0)
        light = dark.where & (brightness > LIGHT_ON_DARK)
        even = _EVEN_PAPER * np.where(light, 1 / brightness.clip(1), brightness)
        return Image.fromarray(even.clip(0, _WHITE).astype(np.uint8))

    def soften(self, image: Image.Image) -> Image.Image:
        """Even out grain and ragged edges, which break letters into pieces when they are binarised."""
        self.last_operations.append("soften")
        return to_grey(image).filter(ImageFilter.GaussianBlur(_SOFT_PX))

    def deskew(self, image: Image.Image) -> Image.Image:
        """Level a page that is askew by 1.5 to 15 degrees; named only when it was."""
        grey = to_grey(image)
        degrees = skew_degrees(grey)
        if abs(degrees) < _LEAST_SKEW_DEGREES:
            return image
        self.last_operations.append("deskew")
        paper = max(range(256), key=grey.histogram().__getitem__)
        return grey.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)

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


def is_coarse(grey: Image.Image) -> bool:
    """Whether a picture is small, and its strokes not those of large letters."""
    return grey.width * grey.height < _SMALL_PIXELS and _stroke_px(grey) < _LARGE_STROKE_PX


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


def _is_bilevel(grey: Image.Image) -> bool:
    counts = grey.histogram()
    return counts[0] + counts[_WHITE] >= _BILEVEL_SHARE * sum(counts)


def _paper(grey: Image.Image) -> Image.Image:
    """The brightness of the paper, a pixel for each 32 x 32."""
    small = np.asarray(grey.reduce(4))
    side = _BLOCK_PX // 4
    rows, columns = max(1, small.shape[0] // side), max(1, small.shape[1] // side)
    cut = small[: rows * side, : columns * side]
    height, width = cut.shape[0] // rows, cut.shape[1] // columns
    blocks = cut[: rows * height, : columns * width].reshape(rows, height, columns, width).swapaxes(1, 2)
    return Image.fromarray(
        np.percentile(blocks.reshape(rows, columns, -1), _PAPER_PERCENTILE, axis=2).astype(np.uint8)
    )


def _unevenness(paper: Image.Image) -> float:
    low, middle, high = np.percentile(np.asarray(paper), (10, 50, 90))
    return float((high - low) / max(middle, 1.0))


def _finer_than_needed(grey: Image.Image) -> int:
    """By how much a large picture may be reduced: by its strokes, whatever resolution the file claims."""
    pixels = grey.width * grey.height
    if pixels < _LARGE_PIXELS:
        return 1
    fineness = int(2 * _stroke_px(grey.reduce(2)) // _ENOUGH_STROKE_PX)
    return max(1, min(fineness, math.isqrt(pixels // _ENOUGH_PIXELS)))


def _stroke_px(grey: Image.Image) -> float:
    """How wide strokes are, measured across the page; 0 where there are none."""
    dark = np.asarray(grey)[::3] <= _otsu(grey)
    if dark.mean() > 0.5:
        dark = ~dark
    edges = np.diff(np.pad(dark.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    strokes = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    return float(np.median(strokes)) if strokes.size else 0.0


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

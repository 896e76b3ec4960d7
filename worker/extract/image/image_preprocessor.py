"""ImagePreprocessor: images of pages made easier to read for the OCR engine, with Pillow and numpy.

Tesseract binarises for itself, so a clean page passes unchanged: `clean_up` applies an operation only where
the image shows what it helps against. The measurements are of pages like those of `bench/test_bed.py`.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from worker.extract.image.affine import IDENTITY, Transform, compose, scaling, undo_rotation
from worker.extract.image.grayscale import most_common_shade, noise_level, to_grey
from worker.extract.image.ink import otsu_threshold
from worker.extract.image.inverted_regions import LIGHT_ON_DARK, find_inverted_regions

_MEDIAN_PX = 3
_WHITE = 255
_PROBE_PX = 800
_MAX_SKEW_DEGREES = 15
_CLEARLY_SHARPER = 1.1
_MIN_SKEW_DEGREES = 1.5
"""Tesseract follows the slope of its lines; up to here rotating makes no difference."""
_MAX_NOISE = 3.0
_BILEVEL_SHARE = 0.995
_BLUR_PX = 1.0
_BLOCK_PX = 32
_PAPER_PERCENTILE = 80
_UNEVEN = 0.15
"""Part of the paper's brightness by which it varies over the page; a flatbed scanner stays below 0.03."""
_FLAT_PAPER = 245
_DARK_PAPER = 100
_LOW_RESOLUTION_PIXELS = 500_000
"""Smaller images are upscaled: characters of 12 px are read at 0.96 instead of 0.86 of the truth, from 20 px
on (800 x 690 in the same layout) it makes no difference and costs a quarter more time."""
_LARGE_STROKE_PX = 4
"""Large characters, and thick rules around small ones, are read worse when they are upscaled."""
_LARGE_PIXELS = 8_000_000
_ENOUGH_PIXELS = 2_000_000
_ENOUGH_STROKE_PX = 3
"""Strokes of ordinary characters at 200 dpi; finer pixels add nothing for Tesseract."""


class ImagePreprocessor:
    """Single operations, `process` for a choice of them, `clean_up` for those that the image needs.

    `last_operations` names what was applied, in order: `process` and `clean_up` start the list anew, a method
    called by itself adds to it. `transform` goes from the pixels of what `clean_up` returned to those of what
    it was given. An object is for one thread.
    """

    def __init__(self) -> None:
        self.last_operations: list[str] = []
        self.transform: Transform = IDENTITY
        self._deskewed_degrees = 0.0

    def clean_up(self, grey: Image.Image) -> Image.Image:
        """A page in grey without what makes it hard to read; the same object where nothing does."""
        self.last_operations = []
        self.transform = IDENTITY
        if _reduction_factor(grey) > 1:
            width_px = grey.width
            grey = self.reduce(grey)
            self.transform = scaling(round(width_px / grey.width))
        if np.median(np.asarray(grey.reduce(4))) < _DARK_PAPER:
            grey = self.invert(grey)
        if _unevenness(_paper_blocks(grey)) > _UNEVEN:
            grey = self.flatten_illumination(grey)
        if noise_level(grey) > _MAX_NOISE or _is_bilevel(grey):
            grey = self.blur(grey)
        straight = self.deskew(grey)
        if straight is not grey:
            undo = undo_rotation(self._deskewed_degrees, grey.size, straight.size)
            self.transform = compose(undo, self.transform)
        return straight

    def reduce(self, image: Image.Image) -> Image.Image:
        """Fewer pixels, as many as the strokes need."""
        # Japanese at 600 dpi: character accuracy 0.37 -> 1.00, at a third of the time.
        self.last_operations.append("reduce")
        return image.reduce(max(1, _reduction_factor(to_grey(image))))

    def invert(self, image: Image.Image) -> Image.Image:
        """Black on white out of white on black."""
        # The same text, at two thirds of the time.
        self.last_operations.append("invert")
        return ImageOps.invert(to_grey(image))

    def flatten_illumination(self, image: Image.Image) -> Image.Image:
        """Paper of one brightness all over; light characters in inverted regions become dark on light."""
        # Phone photos: character accuracy 0.37..0.50 -> 0.99..1.00.
        self.last_operations.append("flatten_illumination")
        grey = to_grey(image)
        paper = _paper_blocks(grey).filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(1.5))
        around = np.asarray(paper.resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float32)
        usual = float(np.percentile(np.asarray(paper), _PAPER_PERCENTILE))
        inverted = find_inverted_regions(grey, paper=usual)
        background = np.where(inverted.mask, inverted.background, around)
        brightness = np.asarray(grey) / np.maximum(background, 16.0)
        light = inverted.mask & (brightness > LIGHT_ON_DARK)
        flat = _FLAT_PAPER * np.where(light, 1 / brightness.clip(1), brightness)
        return Image.fromarray(flat.clip(0, _WHITE).astype(np.uint8))

    def blur(self, image: Image.Image) -> Image.Image:
        """Smooth noise and ragged edges, which break characters into pieces when they are binarised."""
        # Noise of 45 grey levels, one pass: character accuracy 0.00 -> 0.99..1.00; black-and-white fax
        # 0.96 -> 0.98 (a median of 3 x 3: 0.94).
        self.last_operations.append("blur")
        return to_grey(image).filter(ImageFilter.GaussianBlur(_BLUR_PX))

    def deskew(self, image: Image.Image) -> Image.Image:
        """Rotate a page that is skewed by 1.5 to 15 degrees; it is an operation only then."""
        # 7 degrees: character accuracy 0.31..0.57, whole lines being lost, -> 1.00.
        grey = to_grey(image)
        degrees = skew_degrees(grey)
        if abs(degrees) < _MIN_SKEW_DEGREES:
            return image
        self.last_operations.append("deskew")
        self._deskewed_degrees = degrees
        paper = most_common_shade(grey)
        return grey.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)

    # Bound by the specification; the worker itself does not call these.

    def process(
        self,
        image: Image.Image,
        *,
        grayscale: bool = True,
        deskew: bool = False,
        denoise: bool = True,
        threshold: bool = True,
    ) -> Image.Image:
        """Apply the operations asked for, in this order; the image given is not changed."""
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

    def grayscale(self, image: Image.Image) -> Image.Image:
        """8-bit grey (mode L): transparent parts become white, 16 bits are scaled to 8."""
        self.last_operations.append("grayscale")
        return to_grey(image)

    def denoise(self, image: Image.Image) -> Image.Image:
        """Remove speckle with a median over 3 x 3 pixels."""
        self.last_operations.append("denoise")
        plain = image if image.mode in ("L", "RGB") else to_grey(image)
        return plain.filter(ImageFilter.MedianFilter(_MEDIAN_PX))

    def threshold(self, image: Image.Image) -> Image.Image:
        """Black and white (mode L, values 0 and 255) at Otsu's threshold."""
        self.last_operations.append("threshold")
        grey = to_grey(image)
        limit = otsu_threshold(grey)
        return grey.point([_WHITE if value > limit else 0 for value in range(256)])


def is_low_resolution(grey: Image.Image) -> bool:
    """Whether an image is small, and its strokes not those of large characters."""
    return grey.width * grey.height < _LOW_RESOLUTION_PIXELS and _stroke_width_px(grey) < _LARGE_STROKE_PX


def skew_degrees(grey: Image.Image) -> float:
    """Degrees (-15..15) to rotate a page in grey counter-clockwise so that its lines are horizontal.

    0 where no angle is clearly better than none, or the page is blank.
    """
    small = grey.reduce(max(1, max(grey.size) // _PROBE_PX))
    dark = np.asarray(small) <= otsu_threshold(small)
    rows, columns = np.nonzero(dark if dark.mean() < 0.5 else ~dark)
    if not rows.size:
        return 0.0

    def sharpness(degrees: float) -> float:
        # At the right angle the ink, projected along the lines, falls into the fewest rows: the sum of
        # squares is largest.
        angle = math.radians(degrees)
        projected = np.rint(rows * math.cos(angle) - columns * math.sin(angle)).astype(np.int64)
        return float(np.square(np.bincount(projected - projected.min()).astype(np.float64)).sum())

    nearest = max(range(-_MAX_SKEW_DEGREES, _MAX_SKEW_DEGREES + 1), key=sharpness)
    best = max((nearest + step / 4 for step in range(-3, 4)), key=sharpness)
    return best if sharpness(best) >= _CLEARLY_SHARPER * sharpness(0.0) else 0.0


def _is_bilevel(grey: Image.Image) -> bool:
    counts = grey.histogram()
    return counts[0] + counts[_WHITE] >= _BILEVEL_SHARE * sum(counts)


def _paper_blocks(grey: Image.Image) -> Image.Image:
    """The brightness of the paper, a pixel for each 32 x 32."""
    small = np.asarray(grey.reduce(4))
    side = _BLOCK_PX // 4
    rows, columns = max(1, small.shape[0] // side), max(1, small.shape[1] // side)
    whole = small[: rows * side, : columns * side]
    height, width = whole.shape[0] // rows, whole.shape[1] // columns
    blocks = whole[: rows * height, : columns * width].reshape(rows, height, columns, width).swapaxes(1, 2)
    # A high percentile: characters are darker than the paper, and cover less than four fifths of a block.
    return Image.fromarray(
        np.percentile(blocks.reshape(rows, columns, -1), _PAPER_PERCENTILE, axis=2).astype(np.uint8)
    )


def _unevenness(paper: Image.Image) -> float:
    low, middle, high = np.percentile(np.asarray(paper), (10, 50, 90))
    return float((high - low) / max(middle, 1.0))


def _reduction_factor(grey: Image.Image) -> int:
    """By how much a large image may be reduced: by its strokes, whatever resolution the file states."""
    pixels = grey.width * grey.height
    if pixels < _LARGE_PIXELS:
        return 1
    by_strokes = int(2 * _stroke_width_px(grey.reduce(2)) // _ENOUGH_STROKE_PX)
    return max(1, min(by_strokes, math.isqrt(pixels // _ENOUGH_PIXELS)))


def _stroke_width_px(grey: Image.Image) -> float:
    """The median width of strokes, measured across the page; 0 where there are none."""
    dark = np.asarray(grey)[::3] <= otsu_threshold(grey)
    if dark.mean() > 0.5:
        dark = ~dark
    edges = np.diff(np.pad(dark.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    strokes = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    return float(np.median(strokes)) if strokes.size else 0.0

"""Transforms from the pixels of one picture to those of another: six numbers, as Pillow's AFFINE has them.

A point (x, y) becomes (a x + b y + c, d x + e y + f).
"""

from __future__ import annotations

import math

from PIL import Image

Transform = tuple[float, float, float, float, float, float]

IDENTITY: Transform = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_TRANSPOSES = {
    90: Image.Transpose.ROTATE_270,  # Pillow rotates counter-clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def compose(first: Transform, second: Transform) -> Transform:
    """The transform that applies `first`, then `second`."""
    a, b, c, d, e, f = first
    k, m, n, p, q, r = second
    return (
        k * a + m * d,
        k * b + m * e,
        k * c + m * f + n,
        p * a + q * d,
        p * b + q * e,
        p * c + q * f + r,
    )


def scaling(factor: float) -> Transform:
    """From a picture to one that is `factor` times as large."""
    return (factor, 0.0, 0.0, 0.0, factor, 0.0)


def turn(picture: Image.Image, degrees: int) -> Image.Image:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees; the same object for 0."""
    return picture.transpose(_TRANSPOSES[degrees]) if degrees else picture


def undo_turn(degrees: int, size_px: tuple[int, int]) -> Transform:
    """From a picture turned clockwise by 0, 90, 180 or 270 degrees to the one it was, of that size."""
    width, height = map(float, size_px)
    return {
        90: (0.0, 1.0, 0.0, -1.0, 0.0, height),
        180: (-1.0, 0.0, width, 0.0, -1.0, height),
        270: (0.0, -1.0, width, 1.0, 0.0, 0.0),
    }.get(degrees, IDENTITY)


def undo_rotation(degrees: float, before_px: tuple[int, int], after_px: tuple[int, int]) -> Transform:
    """From a picture rotated counter-clockwise about its middle, and enlarged to hold it, to that one."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = after_px[0] / 2, after_px[1] / 2
    return (
        cos,
        -sin,
        before_px[0] / 2 - cos * x + sin * y,
        sin,
        cos,
        before_px[1] / 2 - sin * x - cos * y,
    )


def apply(transform: Transform, x: float, y: float) -> tuple[float, float]:
    """Where a point goes."""
    a, b, c, d, e, f = transform
    return a * x + b * y + c, d * x + e * y + f

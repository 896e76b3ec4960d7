"""A camera held over paper: perspective, lens, light, sensor and JPEG, the same in every run."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

_DESK = 84


def photograph(page: Image.Image, seed: int, *, blur_px: float = 1.1, quality: int = 72) -> Image.Image:
    """The page as a phone takes it, from a little aside, under a lamp at one corner."""
    chance = np.random.default_rng(seed)
    width, height = page.size
    shifts = chance.uniform(0.004, 0.045, size=(4, 2)) * (width, height)
    inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + inward * shifts
    seen = page.transform(
        page.size,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, page.size),
        resample=Image.Resampling.BICUBIC,
        fillcolor=_DESK,
    ).filter(ImageFilter.GaussianBlur(blur_px))
    down, right = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    lamp = 0.45 + 0.55 * np.exp(-1.5 * ((down - chance.uniform(0, 1)) ** 2 + (right - 0.2) ** 2))
    vignette = 1 - 0.35 * ((down - 0.5) ** 2 + (right - 0.5) ** 2)
    light = np.asarray(seen, dtype=np.float32) * lamp * vignette
    # Of a sensor the noise grows with the light that falls on it.
    noisy = light + chance.standard_normal(light.shape) * (2.0 + 0.35 * np.sqrt(light))
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("L")


def _perspective(
    corners: np.ndarray[tuple[int, int], np.dtype[np.float64]], size_px: tuple[int, int]
) -> tuple[float, ...]:
    """Pillow's eight numbers, for corners of the picture that those of the page go to."""
    sources = ((0, 0), (size_px[0], 0), size_px, (0, size_px[1]))
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners.tolist(), sources, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return tuple(np.linalg.solve(np.array(rows, dtype=float), np.array(wanted, dtype=float)))

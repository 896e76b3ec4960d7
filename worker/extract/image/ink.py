"""The ink of a page: which of its pixels are characters, rules and drawings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.extract.image.regions import runs_of


def ink_of(grey: Image.Image) -> NDArray[np.bool_]:
    """The pixels on the rarer side of Otsu's threshold: dark on paper, light on a black board."""
    dark: NDArray[np.bool_] = np.asarray(grey) <= otsu_threshold(grey)
    return dark if dark.mean() <= 0.5 else ~dark


def otsu_threshold(grey: Image.Image) -> int:
    """The grey level that divides dark (<=) from light with the largest variance between the two.

    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9 (1979).
    """
    counts: NDArray[np.float64] = np.array(grey.histogram(), dtype=np.float64)
    values = np.arange(256)
    dark = counts.cumsum()
    light = dark[-1] - dark
    dark_sum = (counts * values).cumsum()
    light_sum = dark_sum[-1] - dark_sum
    both = (dark > 0) & (light > 0)
    between = np.zeros(256)
    means = dark_sum[both] / dark[both] - light_sum[both] / light[both]
    between[both] = dark[both] * light[both] * np.square(means)
    return int(between.argmax())


def rules_of(ink: NDArray[np.bool_], length_px: int) -> NDArray[np.bool_]:
    """The ink in unbroken runs of at least so many pixels, across or down: ruled lines and areas."""
    return _runs(ink, length_px) | _runs(np.ascontiguousarray(ink.T), length_px).T


def _runs(ink: NDArray[np.bool_], length_px: int) -> NDArray[np.bool_]:
    found = np.zeros(ink.shape, dtype=np.bool_)
    if ink.shape[1] <= length_px:
        return found
    rows, begins, ends = runs_of(ink)
    is_long = ends - begins >= length_px
    for row, begin, end in zip(rows[is_long], begins[is_long], ends[is_long], strict=True):
        found[row, begin:end] = True
    return found

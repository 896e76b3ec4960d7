"""Whether something grows with the documents: a common slope over generations, with an honest interval.

A generation is one worker process; each has a level of its own (its intercept). Within one, memory moves in
steps that stay, so neighbouring samples say nearly the same thing, and the usual interval of a regression
would be far too narrow. Generations, however, are independent of each other, whatever happens within one: the
interval comes from how far they differ in what each contributes to the slope (clusters; CR1, with Student's t
on one degree of freedom less than there are). A short soak has too few of them; there each is cut into parts
with levels of their own: also of a walk at random the increments of one part say nothing of the next one's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
# With fewer, the spread between them says too little, and Student's factor is in the tens.
_FEWEST_CLUSTERS = 4
_PARTS = 4
_FEWEST_SAMPLES = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Slope:
    """Growth for each document, with its 95 % interval, and of how much it was estimated."""

    value: float
    half_width: float
    generations: int
    documents: float

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.value + self.half_width

    @property
    def is_above_zero(self) -> bool:
        """Whether it grows beyond noise."""
        return self.low > 0

    def times(self, factor: float) -> Slope:
        """The same in another unit."""
        return Slope(
            value=self.value * factor,
            half_width=self.half_width * factor,
            generations=self.generations,
            documents=self.documents,
        )


def estimate(generations: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Slope | None:
    """The slope of (documents, level) pairs of each generation; None where there is too little of them."""
    long = [each for each in generations if len(each[0]) >= _FEWEST_SAMPLES * _PARTS]
    parts = 1 if len(long) >= _FEWEST_CLUSTERS else _PARTS
    clusters = [
        (x - x.mean(), y - y.mean())
        for documents, levels in long
        for x, y in zip(_split(documents, parts), _split(levels, parts), strict=True)
    ]
    spread = float(sum(np.dot(x, x) for x, _ in clusters))
    if not spread:
        return None
    value = float(sum(np.dot(x, y) for x, y in clusters)) / spread
    scores = [float(np.dot(x, y - value * x)) for x, y in clusters]
    count = len(scores)
    variance = sum(score**2 for score in scores) * count / (count - 1)
    return Slope(
        value=value,
        half_width=t_quantile(count - 1) * math.sqrt(variance) / spread,
        generations=len(long),
        documents=sum(max(documents) - min(documents) for documents, _ in long),
    )


def t_quantile(degrees: float) -> float:
    """Student's factor of a two-sided interval of 95 %."""
    p = (1 + CONFIDENCE) / 2
    if degrees < 1.5:
        return math.tan(math.pi * (p - 0.5))
    if degrees < 2.5:
        return (2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p)))
    # Cornish and Fisher's expansion around the normal quantile; right to 0.4 % from three degrees on.
    z, n = NormalDist().inv_cdf(p), degrees
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * n**4)
    )


def _split(values: Sequence[float], parts: int) -> list[Floats]:
    return np.array_split(np.asarray(values, dtype=np.float64), parts)

"""Durations as people say them."""

from __future__ import annotations

import math
from itertools import pairwise

_UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))
# From so many of a unit on the next smaller one says little.
_MANY = 10


def describe_duration(seconds: float) -> str:
    """Two digits or two units: `2 d 4 h`, `16 h`, `8 min 20 s`, `12 s`, `0.4 s`; `never` for infinity."""
    if not math.isfinite(seconds):
        return "never"
    if seconds < _MANY - 0.05:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    for (unit, size), (smaller, small) in pairwise(_UNITS):
        if seconds >= _MANY * size and round(seconds / size) >= _MANY:
            return f"{seconds / size:.0f} {unit}"
        whole, rest = divmod(round(seconds / small), round(size / small))
        if whole:
            return f"{whole} {unit} {rest} {smaller}" if rest else f"{whole} {unit}"
    return f"{seconds:.0f} s"

"""Durations as people say them."""

from __future__ import annotations

import math

_UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0))


def describe_duration(seconds: float) -> str:
    """Two units at most: `2 d 4 h`, `8 min 20 s`, `12 s`, `0.4 s`; `never` for infinity."""
    if not math.isfinite(seconds):
        return "never"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    for number, (unit, size) in enumerate(_UNITS):
        smaller, small = _UNITS[number + 1] if number + 1 < len(_UNITS) else ("s", 1.0)
        if round(seconds / small) * small >= size:
            whole = round(seconds / small)
            per_unit = round(size / small)
            count, rest = divmod(whole, per_unit)
            return f"{count} {unit} {rest} {smaller}" if rest else f"{count} {unit}"
    return f"{seconds:.0f} s"

"""The order of a page's strips where most are columns: tiers from top to bottom, columns from right to left.

The page is cut at its blank bands, those from side to side first. Where the columns are drawn in an order
that may be read, too, but is another one, that order is kept: its author knew the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from itertools import pairwise
from statistics import median

from worker.extract.pdf.layer.order.strips import Direction, Strip

_MIN_COLUMNS = 4
_MIN_COLUMN = 3
_MAX_BAD_SHARE, _MIN_BAD = 0.2, 2
# In sizes of a character: the least blank band between tiers, and between blocks beside each other.
_BAND, _ALLEY = 0.6, 1.5
_SAME_PLACE = 0.5
_MAX_DEPTH = 12


class _Step(Enum):
    """To the next column on the left, to another tier, or back to what should have been read before."""

    NEXT = "next"
    JUMP = "jump"
    BACK = "back"


def in_reading_order(strips: Sequence[Strip]) -> list[Strip]:
    """The strips by their positions, unless their columns are drawn in another order that may be read."""
    columns = [strip for strip in strips if _is_column(strip)]
    if len(columns) < _MIN_COLUMNS:
        return list(strips)
    size = median(strip.anchor.size for strip in columns)
    by_position = _sort(list(strips), size, 0)
    is_same = [strip for strip in by_position if _is_column(strip)] == columns
    return list(strips) if _may_be_read(columns) and not is_same else by_position


def _may_be_read(columns: Sequence[Strip]) -> bool:
    """Whether nearly every column may be read after the one drawn before it."""
    steps = [_step(one, other) for one, other in pairwise(columns)]
    bad, jumps = steps.count(_Step.BACK), steps.count(_Step.JUMP)
    return bad <= _MAX_BAD_SHARE * len(columns) and not _MIN_BAD <= bad > jumps


def _is_column(strip: Strip) -> bool:
    return strip.direction is Direction.DOWN and len(strip.characters) >= _MIN_COLUMN


def _step(one: Strip, other: Strip) -> _Step:
    """How the columns of a page go on from one to the next."""
    left, bottom, _, top = one.box
    next_left, next_bottom, _, next_top = other.box
    size = one.anchor.size
    is_right = next_left > left - _SAME_PLACE * size
    if next_top <= bottom + size:
        return _Step.JUMP if next_left > left + _SAME_PLACE * size else _Step.BACK
    if is_right:
        return _Step.BACK
    return _Step.JUMP if next_bottom >= top - size else _Step.NEXT


def _sort(strips: list[Strip], size: float, depth: int) -> list[Strip]:
    if len(strips) < 2 or depth > _MAX_DEPTH:
        return strips
    # From top to bottom: the upper end first, so that intervals rise along the page.
    tiers = _parts(strips, _BAND * size, lambda strip: (-strip.box[3], -strip.box[1]))
    if len(tiers) > 1:
        return [strip for tier in tiers for strip in _sort(tier, size, depth + 1)]
    blocks = _parts(strips, _ALLEY * size, lambda strip: (strip.box[0], strip.box[2]))
    is_vertical = 2 * sum(map(_is_column, strips)) > len(strips)
    if len(blocks) > 1:
        ordered = reversed(blocks) if is_vertical else blocks
        return [strip for block in ordered for strip in _sort(block, size, depth + 1)]
    if is_vertical:
        return sorted(strips, key=lambda strip: (-round(strip.box[0] / size), -strip.box[3]))
    return sorted(strips, key=lambda strip: (-round(strip.box[1] / size), strip.box[0]))


def _parts(
    strips: Sequence[Strip], gap: float, interval: Callable[[Strip], tuple[float, float]]
) -> list[list[Strip]]:
    """The strips parted where no interval, but a gap, lies between them."""
    parts: list[list[Strip]] = []
    end = 0.0
    for strip in sorted(strips, key=lambda one: interval(one)[0]):
        first, last = interval(strip)
        if not parts or first > end + gap:
            parts.append([])
            end = last
        parts[-1].append(strip)
        end = max(end, last)
    return parts

"""The parts of a checkpoint: how they are listed in its manifest, and when small ones become a larger one.

A part has the pages of one checkpoint. Were each named for ever, the manifest of a long scan would grow with
every page, and all manifests together with the square of the pages. So a new part takes up the small parts
before it when they are many: 16 of under 16 pages, or parts of under 256 with 256 together. Each page is
written at most three times, a manifest names some dozens of parts, and no part has more than some 500 pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker.models.ledger import CheckpointPart

_SMALL_PAGES = 16
_SMALL_PARTS = 16
_SMALL_PARTS_IN_HASTE = 64
_LARGE_PAGES = 256


def parts_to_merge(parts: Sequence[CheckpointPart], *, in_haste: bool = False) -> tuple[CheckpointPart, ...]:
    """The parts whose pages the next part takes up; `in_haste` these must be more before that is worth it."""
    small = [part for part in parts if len(part.pages) < _SMALL_PAGES]
    if len(small) < (_SMALL_PARTS_IN_HASTE if in_haste else _SMALL_PARTS):
        return ()
    medium = [part for part in parts if _SMALL_PAGES <= len(part.pages) < _LARGE_PAGES]
    if sum(len(part.pages) for part in medium) < _LARGE_PAGES:
        return tuple(small)
    # Only with the small ones: both in one write.
    return (*medium, *small)


def manifest_values(parts: Sequence[CheckpointPart], *, prefix: str) -> dict[str, object]:
    """A manifest as plain values; the keys are relative to the checkpoint's own `prefix`."""
    return {"parts": [[part.key.removeprefix(prefix), part.sha256, _to_ranges(part.pages)] for part in parts]}


def manifest_parts(values: Mapping[str, Any], *, prefix: str) -> tuple[CheckpointPart, ...]:
    """The parts that a manifest lists; raises KeyError, TypeError or ValueError for what is none."""
    return tuple(
        CheckpointPart(key=f"{prefix}{name}", sha256=str(sha256), pages=_from_ranges(ranges))
        for name, sha256, ranges in values["parts"]
    )


def _to_ranges(pages: Sequence[int]) -> list[list[int]]:
    """Page numbers as [first, last] ranges."""
    ranges: list[list[int]] = []
    for page in sorted(pages):
        if ranges and page == ranges[-1][1] + 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    return ranges


def _from_ranges(ranges: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(page for first, last in ranges for page in range(first, last + 1))

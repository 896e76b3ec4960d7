"""Connected regions of a mask, numbered by its runs: what they cost does not depend on how large they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs_of(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, begin and end (exclusive) of each run across, in the order they are read in."""
    # With an empty column on either side no run goes on in the next row.
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).view(np.int8), axis=1)
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    width = edges.shape[1]
    return begins // width, begins % width, ends % width


def regions_of(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the region of each pixel, from 1 on in the order of their first pixels; 0 outside.

    Pixels that touch at a corner alone are not connected.
    """
    rows, begins, ends = (edge.tolist() for edge in runs_of(mask))
    parents = list(range(len(rows)))

    def first_of(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    above = 0
    for run, row in enumerate(rows):
        # The runs above are passed in step: each pair that touches is met once.
        while rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] <= begins[run]):
            above += 1
        other = above
        while rows[other] == row - 1 and begins[other] < ends[run]:
            one, two = first_of(other), first_of(run)
            parents[max(one, two)] = min(one, two)
            other += 1
    firsts = [first_of(run) for run in range(len(rows))]
    _, numbers = np.unique(firsts, return_inverse=True)
    labels = np.zeros(mask.shape, dtype=np.int64)
    labels[mask] = np.repeat(numbers + 1, np.subtract(ends, begins)) if rows else 0
    return labels


def boxes_of(labels: NDArray[np.int64], pixels: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Of each region in order, the box (left, top, right, bottom) around those of its pixels that are given.

    A region without any is left out.
    """
    y, x = np.nonzero(pixels & (labels > 0))
    which = labels[y, x]
    count = int(labels.max(initial=0)) + 1
    lows, highs = np.full((2, count), max(labels.shape) + 1), np.zeros((2, count), dtype=np.int64)
    for side, values in enumerate((x, y)):
        np.minimum.at(lows[side], which, values)
        np.maximum.at(highs[side], which, values + 1)
    return [
        (int(lows[0, number]), int(lows[1, number]), int(highs[0, number]), int(highs[1, number]))
        for number in np.unique(which)
    ]

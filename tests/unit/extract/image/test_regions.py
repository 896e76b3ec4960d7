"""Regions of a mask, their numbers and their boxes."""

from __future__ import annotations

import numpy as np
import pytest

from worker.extract.image.regions import boxes_of, regions_of, runs_of

pytestmark = pytest.mark.unit


def _mask(*rows: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.array([[char == "#" for char in row] for row in rows])


def test_runs_end_with_their_row() -> None:
    rows, begins, ends = runs_of(_mask("##.#", "#..."))

    assert list(zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True)) == [
        (0, 0, 2),
        (0, 3, 4),
        (1, 0, 1),
    ]


def test_arms_that_meet_below_are_one_region_and_corners_do_not_connect() -> None:
    labels = regions_of(_mask("#.#.#", "#.#..", "###..", "...#."))

    assert labels.tolist() == [[1, 0, 1, 0, 2], [1, 0, 1, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 3, 0]]


def test_a_spiral_is_one_region() -> None:
    labels = regions_of(_mask("#####", "....#", "###.#", "#...#", "#####"))

    assert set(labels.ravel().tolist()) == {0, 1}


def test_an_empty_mask_has_no_region() -> None:
    labels = regions_of(np.zeros((3, 4), dtype=np.bool_))

    assert not labels.any()
    assert boxes_of(labels, labels > 0) == []


def test_a_box_is_around_the_pixels_that_are_given() -> None:
    labels = regions_of(_mask("###.#", "###.#"))

    assert boxes_of(labels, _mask(".##..", ".....")) == [(1, 0, 3, 1)]
    assert boxes_of(labels, labels > 0) == [(0, 0, 3, 2), (4, 0, 5, 2)]

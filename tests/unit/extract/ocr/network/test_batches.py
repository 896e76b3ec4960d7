"""Lines in batches."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from worker.extract.ocr.network.batches import batches, width_px_of

pytestmark = pytest.mark.unit


def _line(width_px: int, height_px: int = 48, grey: int = 255) -> Image.Image:
    return Image.new("L", (width_px, height_px), grey)


def test_lines_of_like_width_are_read_together_and_every_line_once() -> None:
    lines = [_line(width) for width in (600, 100, 610, 1900, 110, 620, 2500, 630)]

    made = list(batches(lines))

    assert [batch.numbers for batch in made] == [(1, 4), (0, 2, 5, 7), (3,), (6,)]
    assert [batch.pixels.shape for batch in made] == [
        (2, 3, 48, 128),
        (4, 3, 48, 640),
        (1, 3, 48, 2048),
        (1, 3, 48, 2560),
    ]


def test_a_batch_is_of_bounded_size() -> None:
    made = list(batches([_line(640)] * 13 + [_line(9_000)]))

    assert [len(batch.numbers) for batch in made] == [6, 6, 1, 1]
    assert max(batch.pixels.shape[0] * batch.pixels.shape[3] for batch in made) <= 3840


def test_little_is_padded() -> None:
    for width in range(64, 3841, 29):
        (batch,) = batches([_line(width)])

        assert width <= batch.pixels.shape[3] <= width + max(31, width // 4)


def test_white_is_one_black_is_minus_one_and_beside_the_line_is_nothing() -> None:
    (first,) = batches([_line(96, 24)])
    (second,) = batches([_line(40, grey=0)])

    assert first.pixels.shape == (1, 3, 48, 192)
    assert np.all(first.pixels[..., :192] == 1.0)
    assert np.all(first.pixels[..., 192:] == 0.0)
    assert np.all(second.pixels[..., :40] == -1.0)
    assert (first.steps, second.steps) == ((24,), (5,))


def test_a_line_may_be_narrowed() -> None:
    assert [width_px_of(_line(800, 40), narrowing) for narrowing in (1.0, 0.5)] == [960, 480]
    assert width_px_of(_line(1, 40), 1.0) == 16
    assert width_px_of(_line(9_000), 1.0) == 3840

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
    lines = [_line(width) for width in (570, 70, 580, 1900, 80, 590, 2500, 600)]

    made = list(batches(lines))

    assert [batch.numbers for batch in made] == [(1, 4), (0, 2, 5, 7), (3,), (6,)]
    assert [batch.pixels.shape for batch in made] == [
        (2, 3, 48, 128),
        (4, 3, 48, 640),
        (1, 3, 48, 2048),
        (1, 3, 48, 2560),
    ]


def test_a_batch_is_of_bounded_size() -> None:
    made = list(batches([_line(608)] * 13 + [_line(9_000)]))

    assert [len(batch.numbers) for batch in made] == [6, 6, 1, 1]
    assert max(batch.pixels.shape[0] * batch.pixels.shape[3] for batch in made) <= 3840


def test_little_is_padded_and_something_always() -> None:
    for width in range(64, 3841, 29):
        (batch,) = batches([_line(width)])

        padding_px = batch.pixels.shape[3] - width
        assert min(32, 3840 - width) <= padding_px <= 32 + max(31, width // 4)


def test_white_is_one_black_is_minus_one_and_beside_the_line_is_nothing() -> None:
    (first,) = batches([_line(80, 24)])
    (second,) = batches([_line(40, grey=0)])

    assert first.pixels.shape == (1, 3, 48, 192)
    assert np.all(first.pixels[..., :160] == 1.0)
    assert np.all(first.pixels[..., 160:] == 0.0)
    assert np.all(second.pixels[..., :40] == -1.0)
    assert (first.steps, second.steps) == ((20,), (5,))


def test_a_line_may_be_narrowed_and_more_so_a_long_one() -> None:
    assert [width_px_of(_line(800, 40), narrow=narrow) for narrow in (False, True)] == [960, 672]
    assert [width_px_of(_line(200, 40), narrow=narrow) for narrow in (False, True)] == [240, 192]
    assert width_px_of(_line(1, 40), narrow=False) == 16
    assert width_px_of(_line(9_000), narrow=False) == 3840

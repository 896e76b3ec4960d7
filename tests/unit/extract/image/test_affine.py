"""Where the pixels of a turned, scaled and deskewed picture are on the page as drawn."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from worker.extract.image.affine import IDENTITY, apply, compose, scaling, turn, undo_rotation, undo_turn

pytestmark = pytest.mark.unit

_MARK = (70, 25)


def _page() -> Image.Image:
    page = Image.new("L", (200, 120), 255)
    page.paste(0, (_MARK[0] - 3, _MARK[1] - 3, _MARK[0] + 4, _MARK[1] + 4))
    return page


def _mark_in(picture: Image.Image) -> tuple[float, float]:
    rows, columns = np.nonzero(np.asarray(picture) < 128)
    return float(columns.mean()) + 0.5, float(rows.mean()) + 0.5


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_mark_on_a_turned_page_is_found_again(degrees: int) -> None:
    page = _page()
    where = apply(undo_turn(degrees, page.size), *_mark_in(turn(page, degrees)))
    assert where == pytest.approx(_mark_in(page), abs=0.01)


@pytest.mark.parametrize("degrees", [-11.0, 3.5])
def test_a_mark_on_a_turned_enlarged_and_deskewed_page_is_found_again(degrees: int) -> None:
    page = _page()
    turned = turn(page, 90)
    large = turned.resize((2 * turned.width, 2 * turned.height))
    straight = large.rotate(degrees, expand=True, fillcolor=255)
    back = undo_rotation(degrees, large.size, straight.size)
    transform = compose(compose(back, scaling(0.5)), undo_turn(90, page.size))
    assert apply(transform, *_mark_in(straight)) == pytest.approx(_mark_in(page), abs=1.0)


def test_nothing_changes_without_a_turn() -> None:
    assert undo_turn(0, (9, 9)) == IDENTITY == compose(IDENTITY, IDENTITY)


def test_a_quarter_is_clockwise() -> None:
    page = Image.new("L", (300, 200), 0)
    page.putpixel((0, 0), 255)

    assert turn(page, 90).getpixel((199, 0)) == 255

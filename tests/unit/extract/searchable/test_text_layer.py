"""Where the words of a page go in the page's own space."""

from __future__ import annotations

import pikepdf
import pytest

from worker.extract.image.affine import apply
from worker.extract.searchable.glyphless_font import GlyphlessFont
from worker.extract.searchable.text_layer import text_layer, user_space
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_BOX = (10.0, 20.0, 110.0, 220.0)


@pytest.mark.parametrize(
    ("degrees", "left_upper", "right_lower"),
    [
        (0, (10, 220), (110, 20)),
        (90, (10, 20), (110, 220)),
        (180, (110, 20), (10, 220)),
        (270, (110, 220), (10, 20)),
        (45, (10, 220), (110, 20)),
    ],
)
def test_corners_of_the_page_as_shown(
    degrees: int, left_upper: tuple[int, int], right_lower: tuple[int, int]
) -> None:
    space = user_space(_BOX, degrees)
    assert [apply(space, 0, 0), apply(space, 1, 1)] == [left_upper, right_lower]


def layer(words: str, text: str, *, width_px: int = 100) -> bytes:
    page = Page(number=1, text=text, source=TextSource.OCR, words=words, width_px=width_px, height_px=200)
    font = GlyphlessFont(pikepdf.new())
    return text_layer(page, font, font_name="/F", space=user_space((0, 0, 100, 200), 0))


def test_a_word_fills_its_box_and_is_not_drawn() -> None:
    assert layer('[["日本", 20, 30, 40, 10, 9], ["a", 70, 30, 5, 10, 9]]', "日本 a").split(b"\n") == [
        b"q BT 3 Tr /F 1 Tf",
        b"20.0000 0.0000 0.0000 10.0000 20.0000 162.0000 Tm <000100020003> Tj",
        b"10.0000 0.0000 0.0000 10.0000 70.0000 162.0000 Tm <0004> Tj",
        b"ET Q",
        b"",
    ]


def test_a_column_runs_down() -> None:
    assert b"\n0.0000 -20.0000 10.0000 0.0000 22.0000 170.0000 Tm <00010002> Tj\n" in layer(
        '[["日本", 20, 30, 10, 40, 9]]', "日本"
    )


@pytest.mark.parametrize(("words", "width_px"), [("[]", 100), ('[["a", 1, 1, 5, 5, 9]]', 0)])
def test_a_page_without_words_or_size_has_no_layer(words: str, width_px: int) -> None:
    assert layer(words, "a", width_px=width_px) == b""

"""Characters made into words with boxes."""

from __future__ import annotations

import itertools

import pytest
from PIL import Image, ImageDraw

from worker.extract.ocr.network.cells import Box, Cell
from worker.extract.ocr.network.decoding import ReadChar
from worker.extract.ocr.network.words import words_of

pytestmark = pytest.mark.unit

_CELL = Cell(box=Box(left=100, top=50, width=400, height=40), picture=Image.new("L", (400, 40), 255))


def _chars(text: str, *, space: float = 0.0) -> list[ReadChar]:
    """Each as wide as the other, the network being sure of its middle; `space` are the odds of spaces."""
    share = 1 / len(text)
    return [
        ReadChar(
            char=char,
            begin=(place + 0.4) * share,
            end=(place + 0.6) * share,
            confidence=90.0 + place,
            space=space,
        )
        for place, char in enumerate(text)
    ]


def _ink(chars: int, *, gap_px: int, gap_after: int) -> Cell:
    """A cell with a stroke for each character, and so much room after one of them, 2 px after the others."""
    picture = Image.new("L", (400, 40), 255)
    draw = ImageDraw.Draw(picture)
    pitch = 400 / chars
    for place in range(chars):
        left = place * pitch + (gap_px / 2 if place == gap_after + 1 else 1)
        right = (place + 1) * pitch - (gap_px / 2 if place == gap_after else 1)
        top = 8 + 12 * (place % 2)  # a row that is dark from end to end would be a rule
        draw.rectangle((round(left), top, round(right) - 1, top + 11), fill=0)
    return Cell(box=_CELL.box, picture=picture)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Annual report", ["Annual", "report"]),
        ("営業 報告", ["営業", "報告"]),
        ("2031年の売上", ["2031", "年の売上"]),
        ("売上 Sales and", ["売上", "Sales", "and"]),
    ],
    ids=["Latin", "Japanese", "digits", "both"],
)
def test_words_are_parted_by_spaces_and_scripts(text: str, words: list[str]) -> None:
    found = words_of(_chars(text), _CELL)

    assert [word.text for word in found] == words
    assert (found[0].left, found[-1].left + found[-1].width) == (100, 500)
    assert all(first.left + first.width <= second.left + 1 for first, second in itertools.pairwise(found))


def test_a_word_has_the_place_and_the_mean_confidence_of_its_characters() -> None:
    _, second = words_of(_chars("ab cdefg"), _CELL)

    assert (second.left, second.top, second.width, second.height) == (250, 50, 250, 40)
    assert second.confidence == pytest.approx(95.0)


def test_no_characters_are_no_words() -> None:
    assert words_of((), _CELL) == []


@pytest.mark.parametrize(
    ("text", "space", "gap_px", "words"),
    [
        ("Year2003!", 0.2, 12, ["Year", "2003!"]),
        ("Year2003!", 0.2, 4, ["Year2003!"]),
        ("Year2003!", 0.0, 12, ["Year2003!"]),
        ("1234,567", 0.2, 12, ["1234,567"]),
        ("12341234", 0.2, 8, ["12341234"]),
        ("12341234", 0.2, 12, ["1234", "1234"]),
        ("ver.2003", 0.2, 12, ["ver.", "2003"]),
        ("売上高と利益率", 0.2, 12, ["売上高と利益率"]),
    ],
    ids=[
        "wide gap",
        "narrow gap",
        "network is sure",
        "number",
        "wide digits",
        "two numbers",
        "abbreviation",
        "Japanese",
    ],
)
def test_a_space_that_the_network_nearly_wrote_is_one_where_the_ink_has_a_gap(
    text: str, space: float, gap_px: int, words: list[str]
) -> None:
    cell = _ink(len(text), gap_px=gap_px, gap_after=3)

    found = words_of(_chars(text, space=space), cell)

    assert [word.text for word in found] == words


def test_a_number_is_not_parted_before_its_mark_either() -> None:
    cell = _ink(len("123:4567"), gap_px=12, gap_after=2)

    assert [word.text for word in words_of(_chars("123:4567", space=0.2), cell)] == ["123:4567"]

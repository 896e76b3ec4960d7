"""Characters made into words with boxes."""

from __future__ import annotations

import itertools

import pytest

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.decoding import ReadChar
from worker.extract.ocr.network.words import words_of

pytestmark = pytest.mark.unit

_BOX = Box(left=100, top=50, width=400, height=40)


def _chars(text: str) -> list[ReadChar]:
    """Each as wide as the other, the network being sure of its middle."""
    share = 1 / len(text)
    return [
        ReadChar(char=char, begin=(place + 0.4) * share, end=(place + 0.6) * share, confidence=90.0 + place)
        for place, char in enumerate(text)
    ]


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
    found = words_of(_chars(text), _BOX)

    assert [word.text for word in found] == words
    assert (found[0].left, found[-1].left + found[-1].width) == (100, 500)
    assert all(first.left + first.width <= second.left + 1 for first, second in itertools.pairwise(found))


def test_a_word_has_the_place_and_the_mean_confidence_of_its_characters() -> None:
    _, second = words_of(_chars("ab cdefg"), _BOX)

    assert (second.left, second.top, second.width, second.height) == (250, 50, 250, 40)
    assert second.confidence == pytest.approx(95.0)


def test_no_characters_are_no_words() -> None:
    assert words_of((), _BOX) == []

"""The words of pages as spans: their lines, spaces and directions."""

from __future__ import annotations

import json

import pytest

from worker.extract.searchable.spans import Span, spans_of, width_em
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

Word = tuple[str, int, int, int, int]

_WORDS: tuple[Word, ...] = (
    ("日本", 0, 0, 40, 20),
    ("語", 44, 2, 20, 20),
    ("ab", 90, 0, 20, 20),
    ("c", 0, 40, 10, 20),
)


def spans(text: str, *words: Word) -> list[list[Span]]:
    listed = json.dumps([[*word, 90] for word in words])
    return spans_of(Page(number=1, text=text, source=TextSource.OCR, words=listed))


def bounds(span: Span) -> tuple[float, float]:
    return span.start, span.end


def read(lines: list[list[Span]]) -> str:
    return "".join(span.text + span.after for line in lines for span in line)


def test_the_white_space_is_that_of_the_text() -> None:
    assert read(spans("日本語 ab\n\nc", *_WORDS)) == "日本語 ab\nc\n"
    # Of a mixed page the text begins with that of the layer.
    assert read(spans("日本の\nlayer\n日本語 ab\nc", *_WORDS)) == "日本語 ab\nc\n"


def test_where_the_text_is_not_of_the_words_their_places_part_them() -> None:
    assert read(spans("something else", *_WORDS)) == "日本語 ab\nc\n"


def test_words_that_continue_each_other_are_one() -> None:
    ((one, other),) = spans("日本語 ab", *_WORDS[:3])
    assert (one.text, bounds(one), other.text) == ("日本語", (0, 64), "ab")
    # Over the gap of a column, or backwards, they are not.
    for left in (100, -30):
        ((one, other),) = spans("日本語", ("日本", 0, 0, 40, 20), ("語", left, 0, 20, 20))
        assert (one.text, other.text) == ("日本", "語")


def test_the_words_of_a_line_are_of_one_height() -> None:
    words: list[Word] = [
        ("a", 0, 5, 20, 15),
        ("Sp", 30, 0, 20, 26),
        ("c.", 60, 5, 20, 15),
        ("-", 90, 10, 9, 2),
    ]
    (line,) = spans("a Sp c. -", *words)
    assert {(span.across, round(span.across + span.thickness)) for span in line} == {(0, 26)}


def test_a_line_that_climbs_is_followed() -> None:
    words: list[Word] = [(f"w{at}", 100 * at, 40 - 3 * at, 80, 20) for at in range(5)]
    (line,) = spans("w0 w1 w2 w3 w4", *words)
    assert [(round(span.across), round(span.thickness)) for span in line] == [
        (40 - 3 * at, 20) for at in range(5)
    ]


@pytest.mark.parametrize(
    ("word", "runs_down"),
    [
        (("縦書", 0, 0, 20, 40), True),
        (("横書", 0, 0, 40, 20), False),
        (("字", 0, 0, 10, 20), False),
        (("Il", 0, 0, 10, 22), False),
        (("DOWN", 0, 0, 10, 60), True),
    ],
)
def test_a_lone_word_runs_as_its_box_does(word: Word, *, runs_down: bool) -> None:
    assert [span.runs_down for span in spans(word[0], word)[0]] == [runs_down]


def test_single_characters_below_each_other_are_a_column() -> None:
    ((column,),) = spans("縦に", ("縦", 0, 0, 20, 20), ("に", 0, 24, 20, 18))
    assert (column.text, column.runs_down, bounds(column)) == ("縦に", True, (0, 42))


def test_words_without_text_or_area_are_left_out() -> None:
    assert read(spans("ab", ("", 0, 0, 9, 9), ("x", 0, 0, 0, 9), ("ab", 0, 0, 20, 9))) == "ab\n"
    assert spans("") == []


def test_japanese_characters_are_twice_as_wide_as_others() -> None:
    assert [width_em(character) for character in "字ａaｱ"] == [1.0, 1.0, 0.5, 0.5]

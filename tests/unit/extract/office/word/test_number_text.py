"""Numbers as Word writes them before paragraphs."""

from __future__ import annotations

import pytest

from worker.extract.office.word.number_text import number_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number_format", "number", "expected"),
    [
        ("decimal", 12, "12"),
        ("decimalZero", 7, "07"),
        ("upperRoman", 1994, "MCMXCIV"),
        ("lowerRoman", 40_000, "40000"),
        ("upperLetter", 3, "C"),
        ("lowerLetter", 28, "bb"),
        ("lowerLetter", 10**9, "1000000000"),
        ("upperLetter", 0, "0"),
        ("ordinal", 11, "11th"),
        ("ordinal", 22, "22nd"),
        ("hex", 255, "FF"),
        ("none", 4, ""),
        ("decimalFullWidth", 10, "１０"),
        ("decimalEnclosedCircle", 3, "③"),
        ("decimalEnclosedCircle", 21, "㉑"),
        ("decimalEnclosedCircle", 51, "51"),
        ("decimalEnclosedParen", 2, "⑵"),
        ("ideographDigital", 105, "一〇五"),
        ("japaneseCounting", 0, "〇"),
        ("japaneseCounting", 10, "十"),
        ("japaneseCounting", 123, "百二十三"),
        ("japaneseCounting", 21_000, "二万千"),
        ("japaneseCounting", 10_000_000, "一千万"),
        ("japaneseCounting", 10**17, str(10**17)),
        ("japaneseLegal", 12, "壱拾弐"),
        ("aiueo", 2, "イ"),
        ("aiueoFullWidth", 46, "ン"),
        ("iroha", 4, "ニ"),
        ("ideographTraditional", 2, "乙"),
        ("ideographZodiac", 12, "亥"),
        ("ideographZodiacTraditional", 60, "癸亥"),
        ("ganada", 1, "가"),
        ("unheardOf", 9, "9"),
        ("japaneseCounting", -1, "-1"),
    ],
)
def test_a_number_is_written_in_the_format_of_its_list(
    number_format: str, number: int, expected: str
) -> None:
    assert number_text(number, number_format) == expected

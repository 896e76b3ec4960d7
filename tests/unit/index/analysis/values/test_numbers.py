"""Numbers and amounts by their value."""

from __future__ import annotations

import pytest

from worker.index.analysis.folding import fold_text
from worker.index.analysis.values.numbers import numbers, numeral_value

pytestmark = pytest.mark.unit


def tokens(text: str) -> list[str]:
    found = sorted(numbers(fold_text(text)), key=lambda entity: entity.start)
    return [token for entity in found for token in entity.tokens]


@pytest.mark.parametrize(
    "form",
    [
        *(
            "1,280,000",
            "1280000",
            "１，２８０，０００円",
            "¥1,280,000",
            "￥1,280,000",
            "1,280,000.00",
            "1.280.000,00",
        ),
        *(
            "1 280 000",
            "1'280'000",
            "128万",
            "128万円",
            "1.28百万",
            "1,280千円",
            "百二十八万",
            "金百二十八万円也",
        ),
        *("壱百弐拾八萬円", "1.28 million", "JPY 1280000", "USD 1.28mn", "一二八〇〇〇〇円"),
    ],
)
def test_an_amount_is_one_in_every_form(form: str) -> None:
    assert tokens(form) == ["n1280000"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("128万5千円", ["n1285000"]),
        ("3億2,000万円", ["n320000000"]),
        ("1兆5000億", ["n1500000000000"]),
        ("2.5億円", ["n250000000"]),
        ("3,300円と440 円", ["n3300", "n440"]),
        ("1.5%と99.95ドル", ["n99d95"]),
        ("12円", ["n12"]),
        ("12と99", []),
        ("0312345678", []),
        ("千葉県の一般的な十人十色", []),
        ("三百円", ["n300"]),
        ("1,28", []),
        ("123456", ["n123456"]),
    ],
)
def test_scales_units_and_small_numbers(form: str, expected: list[str]) -> None:
    assert tokens(form) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("十", 10),
        ("二十一", 21),
        ("百二", 102),
        ("三千四百", 3400),
        ("一億二千万", 120_000_000),
        ("二〇二四", 2024),
    ],
)
def test_numerals_have_their_value(text: str, value: int) -> None:
    assert numeral_value(text) == value


def test_a_long_row_of_digits_takes_no_time() -> None:
    assert tokens("1" * 100_000) == []
    assert len(tokens("1," * 50_000 + "百" * 50_000)) <= 2


@pytest.mark.parametrize(
    ("form", "token"),
    [
        ("4億5千万円", "n450000000"),
        ("4.5億円", "n450000000"),
        ("12億3,400万円", "n1234000000"),
        ("1億2百万", "n102000000"),
        ("128万5千円", "n1285000"),
    ],
)
def test_the_parts_of_an_amount_may_have_two_scales(form: str, token: str) -> None:
    assert tokens(form) == [token]

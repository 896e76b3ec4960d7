"""Dates and numbers in the forms that office files have."""

from __future__ import annotations

from datetime import date

import pytest

from bench.search.value_forms import (
    AMOUNT_FORMS,
    DATE_FORMS,
    MONTH_FORMS,
    kanji_number,
    part_number_forms,
    postal_forms,
    telephone_forms,
    wide,
)

pytestmark = pytest.mark.integration


def test_a_day_has_every_japanese_and_western_form() -> None:
    day = date(2024, 5, 31)
    assert [form(day) for form in DATE_FORMS.values()] == [
        *("令和6年5月31日", "R6.5.31", "2024/5/31", "20240531", "2024-05-31", "2024年5月31日"),
        *("２０２４年５月３１日", "令和六年五月三十一日", "2024.05.31", "May 31, 2024", "31 May 2024"),
        "2024年5月31日(金)",
    ]
    assert [form(day) for form in MONTH_FORMS.values()] == ["2024年5月", "令和6年5月", "May 2024"]


@pytest.mark.parametrize(
    ("day", "form", "text"),
    [
        (date(2019, 5, 1), "era", "令和元年5月1日"),
        (date(2019, 4, 30), "era", "平成31年4月30日"),
        (date(2019, 5, 1), "kanji", "令和元年五月一日"),
        (date(1989, 1, 7), "initial", "S64.1.7"),
    ],
)
def test_an_era_begins_and_ends_on_its_day(day: date, form: str, text: str) -> None:
    assert DATE_FORMS[form](day) == text


def test_an_amount_has_every_form() -> None:
    assert [form(1_280_000) for form in AMOUNT_FORMS.values()] == [
        *("1,280,000円", "1280000", "１，２８０，０００円", "¥1,280,000", "128万円", "百二十八万円"),
        *("1,280千円", "JPY 1,280,000.00"),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(10, "十"), (106, "百六"), (1_111, "千百十一"), (34_005_000, "三千四百万五千")]
)
def test_numbers_in_kanji(value: int, text: str) -> None:
    assert kanji_number(value) == text


def test_other_numbers() -> None:
    assert telephone_forms("0312345678") == (
        *("03-1234-5678", "0312345678", "(03)1234-5678", "０３－１２３４－５６７８", "03 1234 5678"),
    )
    assert postal_forms("1000001") == ("〒100-0001", "1000001", "１００－０００１")
    assert part_number_forms("AB", "1234") == ("AB-1234", "AB1234", "ab 1234", "AB１２３４")
    assert wide("1,2-3") == "１，２－３"

"""Dates in every form, and what of them the index has and a query wants."""

from __future__ import annotations

import pytest

from worker.index.analysis.folding import fold_text
from worker.index.analysis.values.dates import dates, short_dates

pytestmark = pytest.mark.unit


def wanted(text: str) -> list[tuple[str, ...]]:
    return [entity.wanted for entity in sorted(dates(fold_text(text)), key=lambda entity: entity.start)]


@pytest.mark.parametrize(
    "form",
    [
        *(
            "令和6年5月31日",
            "令和６年５月３１日",
            "令和 6 年 5 月 31 日",
            "令和六年五月三十一日",
            "㋿6年5月31日",
        ),
        *("R6.5.31", "R6/5/31", "R6-05-31", "r6年5月31日", "2024年5月31日", "二〇二四年五月三十一日"),
        *(
            "2024/5/31",
            "2024/05/31",
            "2024-05-31",
            "2024.5.31",
            "2024-05-31T10:00:00",
            "20240531",
            "24/05/31",
        ),
        *("May 31, 2024", "May 31st 2024", "31 May 2024", "31-May-2024", "31st of May, 2024", "31.05.2024"),
        *("31/05/2024", "5/31/2024", "05-31-2024"),
    ],
)
def test_a_day_is_one_in_every_form(form: str) -> None:
    (entity,) = dates(fold_text(form))
    assert entity.tokens == ("y2024", "m202405", "md0531", "d20240531")
    assert entity.wanted == ("d20240531",)


@pytest.mark.parametrize(
    ("form", "token"),
    [
        *[(form, "m202405") for form in ("2024年5月", "令和6年5月", "2024-05", "2024/5", "May 2024", "R6.5")],
        *[(form, "y2024") for form in ("2024年", "令和6年", "2024", "二〇二四年", "令和六年")],
        *[(form, "fy2024") for form in ("令和6年度", "2024年度", "FY2024", "fiscal year 2024", "R6年度")],
        *[(form, "md0531") for form in ("5月31日", "五月三十一日", "May 31", "31 May")],
        *[
            ("平成31年4月30日", "d20190430"),
            ("令和元年", "y2019"),
            ("昭和64年1月7日", "d19890107"),
            ("S45", ""),
        ][:3],
        *[("明治45年", "y1912"), ("大正元年12月", "m191212"), ("98/05/31", "d19980531")],
    ],
)
def test_a_month_a_year_and_a_fiscal_year_are_found_by_themselves(form: str, token: str) -> None:
    assert wanted(form) == [(token,)]


def test_a_fiscal_year_is_in_its_year() -> None:
    (entity,) = dates("令和6年度")
    assert entity.tokens == ("y2024", "fy2024")


def test_a_form_that_leaves_the_day_open_is_both_days() -> None:
    (entity,) = dates("05/06/2024")
    assert entity.wanted == ("d20240506", "d20240605")
    assert {"m202405", "m202406"} < set(entity.tokens)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2024円",
            "¥2024",
            "2024個",
            "12024",
            "1.2024",
            "2,024",
            "平成40年",
            "令和0年",
            "13/13/2024",
            "1.2.3",
        ),
        *("maybe 2 or 3", "3月間", "20241331", "2024-0012", "s5", "2024/13/01/2", "090-2024-1234", "0年"),
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert [token for tokens in wanted(text) for token in tokens] == []


def test_the_dates_of_a_sentence_keep_their_places() -> None:
    text = "契約は令和6年12月25日から2025年1月5日まで、更新は5月。"
    found = sorted((entity.start, entity.end) for entity in dates(text))
    assert [text[start:end] for start, end in found] == ["令和6年12月25日", "2025年1月5日"]


def test_a_long_row_of_digits_takes_no_time() -> None:
    assert list(dates("1" * 100_000 + " " + "1/" * 50_000 + "一" * 50_000)) == []


@pytest.mark.parametrize(
    ("query", "days"),
    [("3/8の会議", ["md0308"]), ("13/1", []), ("2/30", []), ("2024/3/8 1/2/3 0/1 1.2/3", [])],
)
def test_month_and_day_are_a_date_in_a_query(query: str, days: list[str]) -> None:
    assert [token for date in short_dates(query) for token in date.wanted] == days
    assert not any("md0308" in entity.tokens for entity in dates("3/8の会議"))

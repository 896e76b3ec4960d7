"""Dates in Japanese and Western forms: 令和6年5月31日, R6.5.31, 2024/5/31, 20240531, May 31, 2024, 2024年度.

d20240531  a day        m202405  its month       y2024   its year
md0531     a day of any year                     fy2024  a fiscal year (年度), from April on
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.index.analysis.values.entity import Entity
from worker.index.analysis.values.numbers import NUMERALS, numeral_value

# The year before the first of each era, in its last year's count: 令和6年 is 2018 + 6.
_ERAS = {
    **{"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867},
    **{"r": 2018, "h": 1988, "s": 1925, "t": 1911, "m": 1867},
}
_LAST_ERA_YEARS = {2018: 99, 1988: 31, 1925: 64, 1911: 15, 1867: 45}
_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT_MONTHS = {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}

_DIGITS = rf"(?:\d+|[{NUMERALS}]+)"
_ERA = rf"(?P<era>令和|平成|昭和|大正|明治)\s*(?P<era_year>元|{_DIGITS})"
_YEAR = r"(?P<year>(?:19|20)\d\d|[一二][〇零一二三四五六七八九]{3})"
_ANY_ERA = r"(?P<era>令和|平成|昭和|大正|明治|(?<![a-z0-9.])[rhstm])\.?\s?(?P<era_year>\d{1,2})"
_NAME = "|".join(sorted([*_MONTHS, *_SHORT_MONTHS], key=len, reverse=True))
_MONTH_NAME = rf"(?<![a-z])(?P<month_name>{_NAME})(?![a-z])\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\d)"
_WESTERN_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"

_FORMS = tuple(
    re.compile(form)
    for form in (
        # 令和6年5月31日, 2024年5月, 令和6年, 令和6年度
        rf"(?:{_ERA}|(?<!\d){_YEAR})\s*年\s*(?:(?P<fiscal>度)|(?:(?P<month>{_DIGITS})\s*月(?!間)"
        rf"(?:\s*(?P<day>{_DIGITS})\s*日(?!間))?)?)",
        # R6.5.31, 令和6.5.31, R6-5
        rf"{_ANY_ERA}\s?[./-]\s?(?P<month>\d{{1,2}})(?:\s?[./-]\s?(?P<day>\d{{1,2}}))?(?![\d./-])",
        # R6年5月31日, R6年度
        rf"{_ANY_ERA}\s*年\s*(?:(?P<fiscal>度)|(?:(?P<month>\d{{1,2}})\s*月"
        r"(?:\s*(?P<day>\d{1,2})\s*日)?)?)",
        # 2024/5/31, 2024-05-31, 2024.5.31, 2024-05-31T10:00
        r"(?<![\d./-])(?P<year>(?:19|20)\d\d)\s?([./-])\s?(?P<month>\d{1,2})\s?\2\s?(?P<day>\d{1,2})(?!\d|[./-]\d)",
        # 2024/05, 2024-5
        r"(?<![\d./-])(?P<year>(?:19|20)\d\d)[./-](?P<month>\d{1,2})(?![\d./-])",
        # 20240531
        r"(?<![\d.,-])(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?![\d]|[.,-]\d)",
        # 31 May 2024, 31-May-2024, the 31st of May 2024
        rf"(?<!\d){_DAY}[\s-]+(?:of\s+)?{_MONTH_NAME}[\s,-]+{_WESTERN_YEAR}",
        # May 31, 2024; May 2024
        rf"{_MONTH_NAME}\s+(?:{_DAY}\s*,?\s+)?{_WESTERN_YEAR}",
        # May 31, 31 May
        rf"{_MONTH_NAME}\s+{_DAY}",
        rf"(?<!\d){_DAY}[\s-]+(?:of\s+)?{_MONTH_NAME}",
        # 5月31日
        rf"(?<![\d{NUMERALS}])(?P<month>{_DIGITS})\s*月\s*(?P<day>{_DIGITS})\s*日(?!間)",
        # FY2024, fiscal 2024
        r"(?<![a-z])(?P<fiscal>fy|fiscal(?:\s+year)?)\s*'?(?P<year>(?:19|20)\d\d)(?!\d)",
        # 31.05.2024, 5/31/2024: either may be the day
        r"(?<![\d./-])(?P<first>\d{1,2})([./-])(?P<second>\d{1,2})\2(?P<year>(?:19|20)\d\d)(?!\d|[./-]\d)",
        # 24/05/31, as on Japanese forms
        r"(?<![\d./-])'?(?P<short_year>\d\d)/(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d./-])",
        # A year alone, unless it counts something
        r"(?<![\d.,¥$€£/+-])(?<![¥$€£] )(?P<year>(?:19|20)\d\d)"
        r"(?![\d/-]|[.,]\d|\s?[円個名人枚本件台株%万億千百冊頁kmgt])",
    )
)


_SHORT = re.compile(r"(?<![\d./-])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d./-])")
"""Month and day in a query; in a text 3/8 is a part of something as often."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Date:
    year: int = 0
    month: int = 0
    day: int = 0


def dates(folded: str) -> Iterator[Entity]:
    """The dates of a folded text; where a form leaves open which is the day, both."""
    taken = bytearray(len(folded))
    for form in _FORMS:
        for match in form.finditer(folded):
            start, end = match.span()
            readings = [] if any(taken[start:end]) else [date for date in _readings(match) if _is_date(date)]
            if not readings:
                continue
            taken[start:end] = b"\x01" * (end - start)
            fiscal = bool(match.groupdict().get("fiscal"))
            yield Entity(
                start=start, end=end, tokens=_tokens(readings, fiscal), wanted=_wanted(readings, fiscal)
            )


def short_dates(folded: str) -> Iterator[Entity]:
    """What may be month and day: 3/8 is March 8."""
    for match in _SHORT.finditer(folded):
        date = _Date(month=int(match["month"]), day=int(match["day"]))
        if date.month and date.day and _is_date(date):
            tokens = _tokens([date], fiscal=False)
            yield Entity(start=match.start(), end=match.end(), tokens=tokens, wanted=tokens)


def _readings(match: re.Match[str]) -> Iterator[_Date]:
    parts = {name: value for name, value in match.groupdict().items() if value is not None}
    year = _year(parts)
    if year is None:
        return
    if "first" in parts:
        first, second = int(parts["first"]), int(parts["second"])
        yield from dict.fromkeys(
            (_Date(year=year, month=first, day=second), _Date(year=year, month=second, day=first))
        )
        return
    month = parts.get("month") or "0"
    day = parts.get("day") or "0"
    named = parts.get("month_name")
    number = (_MONTHS | _SHORT_MONTHS)[named] if named else numeral_value(month)
    yield _Date(year=year, month=number, day=numeral_value(day))


def _year(parts: dict[str, str]) -> int | None:
    """The year, 0 where the form has none, None where its era has no such year."""
    if "era" in parts:
        before = _ERAS[parts["era"]]
        count = 1 if parts["era_year"] == "元" else numeral_value(parts["era_year"])
        return before + count if 1 <= count <= _LAST_ERA_YEARS[before] else None
    if "short_year" in parts:
        short = int(parts["short_year"])
        return (2000 if short < 50 else 1900) + short
    return numeral_value(parts.get("year", "0"))


def _is_date(date: _Date) -> bool:
    if not date.month:
        return bool(date.year) and not date.day
    days = calendar.monthrange(date.year or 2024, date.month)[1] if date.month <= 12 else 0
    return date.day <= days


def _tokens(readings: list[_Date], fiscal: bool) -> tuple[str, ...]:
    tokens: list[str] = []
    for date in readings:
        if date.year:
            tokens.append(f"y{date.year}")
            if fiscal:
                tokens.append(f"fy{date.year}")
            if date.month:
                tokens.append(f"m{date.year}{date.month:02}")
        if date.day:
            tokens.append(f"md{date.month:02}{date.day:02}")
            if date.year:
                tokens.append(f"d{date.year}{date.month:02}{date.day:02}")
    return tuple(dict.fromkeys(tokens))


def _wanted(readings: list[_Date], fiscal: bool) -> tuple[str, ...]:
    if fiscal:
        return tuple(f"fy{date.year}" for date in readings)
    # The last token of a reading is the most exact one.
    return tuple(dict.fromkeys(_tokens([date], fiscal=False)[-1] for date in readings))

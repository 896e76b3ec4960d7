"""Dates, amounts, telephone and part numbers in the forms that office files have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

_WIDE = str.maketrans("0123456789,-", "０１２３４５６７８９，－")
_KANJI_DIGITS = "〇一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_ERAS = ((date(2019, 5, 1), "令和", "R"), (date(1989, 1, 8), "平成", "H"), (date(1926, 12, 25), "昭和", "S"))
_TEN_THOUSAND = 10_000


def wide(text: str) -> str:
    """Digits, commas and hyphens in full width."""
    return text.translate(_WIDE)


def kanji_number(value: int) -> str:
    """A whole number below 100,000,000 in kanji: 128 is 百二十八."""
    high, low = divmod(value, _TEN_THOUSAND)
    return (f"{_below_ten_thousand(high)}万" if high else "") + _below_ten_thousand(low)


def _below_ten_thousand(value: int) -> str:
    parts = []
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit:
            parts.append(("" if digit == 1 and place else _KANJI_DIGITS[digit]) + _UNITS[place])
    return "".join(parts)


def _era(day: date) -> tuple[str, str, int]:
    begin, name, initial = next(era for era in _ERAS if day >= era[0])
    return name, initial, day.year - begin.year + 1


def _japanese(day: date) -> str:
    name, _, year = _era(day)
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def _initial(day: date) -> str:
    _, initial, year = _era(day)
    return f"{initial}{year}.{day.month}.{day.day}"


def _kanji(day: date) -> str:
    name, _, year = _era(day)
    in_kanji = "元" if year == 1 else kanji_number(year)
    return f"{name}{in_kanji}年{kanji_number(day.month)}月{kanji_number(day.day)}日"


Form = Callable[[date], str]
DATE_FORMS: Mapping[str, Form] = {
    "era": _japanese,
    "initial": _initial,
    "slashes": lambda day: f"{day.year}/{day.month}/{day.day}",
    "digits": lambda day: f"{day:%Y%m%d}",
    "iso": lambda day: f"{day:%Y-%m-%d}",
    "year": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "wide": lambda day: wide(f"{day.year}年{day.month}月{day.day}日"),
    "kanji": _kanji,
    "dots": lambda day: f"{day.year}.{day.month:02}.{day.day:02}",
    "american": lambda day: f"{day:%B} {day.day}, {day.year}",
    "british": lambda day: f"{day.day} {day:%b} {day.year}",
    "weekday": lambda day: f"{day.year}年{day.month}月{day.day}日({'月火水木金土日'[day.weekday()]})",
}
TYPED_DATES = ("slashes", "era", "digits", "initial", "iso", "year", "american", "british")
"""The forms in which people type a date."""
MONTH_FORMS: Mapping[str, Form] = {
    "year": lambda day: f"{day.year}年{day.month}月",
    "era": lambda day: _japanese(day).partition("月")[0] + "月",
    "english": lambda day: f"{day:%B} {day.year}",
}

AMOUNT_FORMS: Mapping[str, Callable[[int], str]] = {
    "commas": lambda yen: f"{yen:,}円",
    "digits": lambda yen: f"{yen}",
    "wide": lambda yen: f"{wide(f'{yen:,}')}円",
    "sign": lambda yen: f"¥{yen:,}",
    "ten thousands": lambda yen: f"{yen // _TEN_THOUSAND}万円",
    "kanji": lambda yen: f"{kanji_number(yen)}円",
    "thousands": lambda yen: f"{yen // 1_000:,}千円",
    "decimals": lambda yen: f"JPY {yen:,}.00",
}
TYPED_AMOUNTS = ("digits", "commas", "ten thousands", "wide")


def telephone_forms(digits: str) -> tuple[str, ...]:
    """A number of ten digits as it is written; the first two are the area."""
    area, middle, last = digits[:2], digits[2:6], digits[6:]
    hyphens = f"{area}-{middle}-{last}"
    return hyphens, digits, f"({area}){middle}-{last}", wide(hyphens), f"{area} {middle} {last}"


def postal_forms(digits: str) -> tuple[str, ...]:
    """A postal code of seven digits as it is written."""
    return f"〒{digits[:3]}-{digits[3:]}", digits, wide(f"{digits[:3]}-{digits[3:]}")


def part_number_forms(initials: str, digits: str) -> tuple[str, ...]:
    """A part number as it is written."""
    return (
        f"{initials}-{digits}",
        f"{initials}{digits}",
        f"{initials.lower()} {digits}",
        wide(initials + digits),
    )

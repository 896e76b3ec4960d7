"""A cell's number as a person sees it, as far as that helps to find it.

Dates are ISO whatever their format; percents are percents; leading zeros that the format asks for are kept,
because they belong to codes; the noise of binary fractions goes. Thousands are not grouped and currencies
not named: nobody who looks for 1234567 types the commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

_LOCAL_DATE_IDS = frozenset({*range(27, 37), *range(50, 59)})
_LOCAL_TIME_IDS = frozenset({32, 33})
"""Numbers of formats whose look depends on the country; in East Asia they are dates (ECMA-376 18.8.30)."""
_LITERALS = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhsge]", re.IGNORECASE)
_TIME_LETTERS = re.compile(r"[hs]", re.IGNORECASE)
_NO_NUMBER = re.compile(r"e[+-]|general|g/標準", re.IGNORECASE)
"""What contains letters of dates and is none: exponents, and the names of the plain format."""
_ZEROS = re.compile(r"0{2,}")
_SIGNIFICANT_DIGITS = 15
"""So many has a number in Excel; what a binary fraction shows beyond is noise."""


def shown(value: str, *, format_code: str, since_1904: bool = False) -> str:
    """The number as text; what is no number comes back as it is."""
    try:
        number = float(value)
    except ValueError:
        return value
    plain = _LITERALS.sub("", format_code.partition(";")[0])
    if is_date(plain):
        # Excel shows a row of # where no date can be; its number says more.
        with suppress(ValueError, OverflowError, TypeError):
            return _date(number, plain, since_1904=since_1904)
    if "%" in plain:
        return f"{_without_noise(number * 100)}%"
    if _ZEROS.fullmatch(plain) and number.is_integer() and number >= 0:
        return _without_noise(number).zfill(len(plain))
    return _without_noise(number)


def is_date(plain: str) -> bool:
    """Whether a format, without its literal parts, is one of dates or times."""
    return bool(_ELAPSED.search(plain) or _DATE_LETTERS.search(_NO_NUMBER.sub("", plain)))


def format_code(number: int, own: Mapping[int, str]) -> str:
    """The format of a number, from the workbook's own ones and those that every program knows."""
    if number in own:
        return own[number]
    if number in _LOCAL_DATE_IDS:
        return "h:mm" if number in _LOCAL_TIME_IDS else "yyyy/m/d"
    return str(BUILTIN_FORMATS.get(number, "General"))


def _date(number: float, plain: str, *, since_1904: bool) -> str:
    epoch = CALENDAR_MAC_1904 if since_1904 else CALENDAR_WINDOWS_1900
    found = from_excel(number, epoch, timedelta=bool(_ELAPSED.search(plain)))
    if isinstance(found, datetime):
        if found.time() == time() and not _TIME_LETTERS.search(plain):
            return found.date().isoformat()
        return found.isoformat(sep=" ", timespec="seconds")
    if isinstance(found, timedelta):
        seconds = round(found.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(found, date | time):
        return found.isoformat()
    return _without_noise(number)


def _without_noise(number: float) -> str:
    if number.is_integer() and abs(number) < 10**_SIGNIFICANT_DIGITS:
        return str(int(number))
    return f"{number:.{_SIGNIFICANT_DIGITS}g}"

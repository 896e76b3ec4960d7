"""A cell's number as a person sees it, as far as that helps to find it.

Dates are ISO whatever their format; percents are percents; leading zeros and hyphens that the format asks
for are kept, because they belong to codes, postal codes and telephone numbers; the noise of binary fractions
goes. Thousands are not grouped and currencies not named: nobody who looks for 1234567 types the commas.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType

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
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d*)?)\]")
_CONDITIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        **{"<=": operator.le, ">=": operator.ge, "<>": operator.ne},
        **{"<": operator.lt, ">": operator.gt, "=": operator.eq},
    }
)
_Section = tuple[Callable[[float, float], bool] | None, float, str | None]
"""A condition with its number, and the mask of the section where it has one."""
_WRAPPED = re.compile(r'\\(.)|"([^"]*)"|\[[^\]]*\]|[_*].')
_MASK = re.compile(r"[-() ]*[0#](?:[-() ]*[0#])*")
_PARTED = re.compile(r"[0#]-[0#]")
_MAX_FORMAT_CHARS = 255
"""Excel's own limit; looking for the parts of a format takes the square of its length."""
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
    mask = _mask(number, format_code)
    if mask and number.is_integer() and number >= 0:
        return _in_mask(_without_noise(number), mask)
    if _ZEROS.fullmatch(plain) and number.is_integer() and number >= 0:
        return _without_noise(number).zfill(len(plain))
    return _without_noise(number)


def is_date(plain: str) -> bool:
    """Whether a format, without its literal parts, is one of dates or times."""
    return bool(_ELAPSED.search(plain) or _DATE_LETTERS.search(_NO_NUMBER.sub("", plain)))


def format_code(number: int, own: Mapping[int, str]) -> str:
    """The format of a number, from the workbook's own ones and those that every program knows."""
    if number in own:
        return own[number] if len(own[number]) <= _MAX_FORMAT_CHARS else "General"
    if number in _LOCAL_DATE_IDS:
        return "h:mm" if number in _LOCAL_TIME_IDS else "yyyy/m/d"
    return str(BUILTIN_FORMATS.get(number, "General"))


def _mask(number: float, format_code: str) -> str | None:
    """The places of digits where the format parts them by hyphens, such as 000-0000 or (00) ####-####."""
    for condition, limit, mask in _masks(format_code):
        if condition is None or condition(number, limit):
            return mask
    return None


@lru_cache(maxsize=1_000)
def _masks(format_code: str) -> tuple[_Section, ...]:
    """The sections of a format with their conditions; none where no section parts digits by hyphens."""
    sections: list[_Section] = []
    for section in format_code.split(";"):
        found = _CONDITION.search(section)
        mask = _WRAPPED.sub(lambda part: part[1] or part[2] or "", section).strip()
        known = mask if _MASK.fullmatch(mask) and _PARTED.search(mask) else None
        sections.append(
            (_CONDITIONS[found[1]], float(found[2]), known) if found is not None else (None, 0.0, known)
        )
    return tuple(sections) if any(known for _, _, known in sections) else ()


def _in_mask(digits: str, mask: str) -> str:
    """The digits from the right, with zeros where the mask has one; what is too much stands in front."""
    places = [place for place in mask if place in "0#"]
    left = digits.zfill(len(places) - places.index("0") if "0" in places else 1)
    shown = ""
    for place in reversed(mask):
        if place not in "0#":
            shown = place + shown
        elif left:
            left, shown = left[:-1], left[-1] + shown
    return left + shown if left else shown.lstrip("- ").removeprefix("() ")


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

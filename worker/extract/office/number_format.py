"""Numbers of cells formatted for search: close to the display, but in one notation.

Dates are ISO in every format, thousands are not grouped and currencies not named: a search for 1234567 has
no commas. Leading zeros and hyphens of the format stay, as they belong to codes and telephone numbers.
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

# Ids of formats that differ by country; in East Asia they are dates (ECMA-376 18.8.30).
_LOCAL_DATE_IDS = frozenset({*range(27, 37), *range(50, 59)})
_LOCAL_TIME_IDS = frozenset({32, 33})
_LITERALS = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DATE_CODES = re.compile(r"[ymdhsge]", re.IGNORECASE)
_TIME_CODES = re.compile(r"[hs]", re.IGNORECASE)
# Contain date codes without being dates: exponents, and the names of the general format.
_NO_NUMBER = re.compile(r"e[+-]|general|g/標準", re.IGNORECASE)
_ZEROS = re.compile(r"0{2,}")
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d*)?)\]")
_CONDITIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        **{"<=": operator.le, ">=": operator.ge, "<>": operator.ne},
        **{"<": operator.lt, ">": operator.gt, "=": operator.eq},
    }
)
# A condition with its number, and the mask of the section where it has one.
_Section = tuple[Callable[[float, float], bool] | None, float, str | None]
_ESCAPED = re.compile(r'\\(.)|"([^"]*)"|\[[^\]]*\]|[_*].')
_MASK = re.compile(r"[-() ]*[0#](?:[-() ]*[0#])*")
_HYPHENATED = re.compile(r"[0#]-[0#]")
# Excel's own limit; matching the parts of a format takes the square of its length.
_MAX_FORMAT_CHARS = 255
# The precision of a number in Excel; further digits are those of the binary fraction.
_SIGNIFICANT_DIGITS = 15
# Card and account numbers have 16 digits; a double holds every whole number up to here.
_EXACT_BELOW = 2**53
_TEXT_SECTION = 3


def format_number(value: str, *, format_code: str, is_1904: bool = False) -> str:
    """The number as text; a value that is no number is returned unchanged."""
    try:
        number = float(value)
    except ValueError:
        return value
    if _hides(number, format_code):
        return ""
    plain = _LITERALS.sub("", format_code.partition(";")[0])
    if is_date(plain):
        # Where the number is out of range for a date Excel shows a row of #; the number can be searched.
        with suppress(ValueError, OverflowError, TypeError):
            return _date(number, plain, is_1904=is_1904)
    if "%" in plain:
        return f"{_plain_number(number * 100)}%"
    mask = _mask(number, format_code)
    if mask and number.is_integer() and number >= 0:
        return _fill_mask(_plain_number(number), mask)
    if _ZEROS.fullmatch(plain) and number.is_integer() and number >= 0:
        return _plain_number(number).zfill(len(plain))
    return _plain_number(number)


def hides_text(format_code: str) -> bool:
    """Whether a format shows nothing of a text, as ;;; does."""
    sections = format_code.split(";")
    return len(sections) > _TEXT_SECTION and not sections[_TEXT_SECTION].strip()


def _hides(number: float, format_code: str) -> bool:
    """Whether the section of a format for numbers of this sign is empty: then the cell is."""
    sections = format_code.split(";")
    if len(sections) == 1:
        return False
    section = 0 if number > 0 else 1 if number < 0 else 2
    return section < len(sections) and not sections[section].strip()


def is_date(plain: str) -> bool:
    """Whether a format, without its literal parts, is one of dates or times."""
    return bool(_ELAPSED.search(plain) or _DATE_CODES.search(_NO_NUMBER.sub("", plain)))


def format_code(number: int, own: Mapping[int, str]) -> str:
    """The format with this id, from the workbook's own formats and the built-in ones."""
    if number in own:
        return own[number] if len(own[number]) <= _MAX_FORMAT_CHARS else "General"
    if number in _LOCAL_DATE_IDS:
        return "h:mm" if number in _LOCAL_TIME_IDS else "yyyy/m/d"
    return str(BUILTIN_FORMATS.get(number, "General"))


def _mask(number: float, format_code: str) -> str | None:
    """The digit mask where the format has hyphens between digits, such as 000-0000 or (00) ####-####."""
    for condition, limit, mask in _masks(format_code):
        if condition is None or condition(number, limit):
            return mask
    return None


@lru_cache(maxsize=1_000)
def _masks(format_code: str) -> tuple[_Section, ...]:
    """The sections of a format with their conditions; none where no section has hyphens between digits."""
    sections: list[_Section] = []
    for section in format_code.split(";"):
        found = _CONDITION.search(section)
        mask = _ESCAPED.sub(lambda part: part[1] or part[2] or "", section).strip()
        known = mask if _MASK.fullmatch(mask) and _HYPHENATED.search(mask) else None
        sections.append(
            (_CONDITIONS[found[1]], float(found[2]), known) if found is not None else (None, 0.0, known)
        )
    return tuple(sections) if any(known for _, _, known in sections) else ()


def _fill_mask(digits: str, mask: str) -> str:
    """The mask filled with digits from the right, padded with its zeros; surplus digits go in front."""
    places = [place for place in mask if place in "0#"]
    left = digits.zfill(len(places) - places.index("0") if "0" in places else 1)
    filled = ""
    for place in reversed(mask):
        if place not in "0#":
            filled = place + filled
        elif left:
            left, filled = left[:-1], left[-1] + filled
    return left + filled if left else filled.lstrip("- ").removeprefix("() ")


def _date(number: float, plain: str, *, is_1904: bool) -> str:
    epoch = CALENDAR_MAC_1904 if is_1904 else CALENDAR_WINDOWS_1900
    found = from_excel(number, epoch, timedelta=bool(_ELAPSED.search(plain)))
    if isinstance(found, datetime):
        if found.time() == time() and not _TIME_CODES.search(plain):
            return found.date().isoformat()
        return found.isoformat(sep=" ", timespec="seconds")
    if isinstance(found, timedelta):
        seconds = round(found.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(found, date | time):
        return found.isoformat()
    return _plain_number(number)


def _plain_number(number: float) -> str:
    if number.is_integer() and abs(number) < _EXACT_BELOW:
        return str(int(number))
    return f"{number:.{_SIGNIFICANT_DIGITS}g}"

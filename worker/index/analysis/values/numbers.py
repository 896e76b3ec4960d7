"""Numbers and amounts by their value: 1,280,000 = 128万 = 百二十八万 = 1.28百万 = ¥1,280,000 = 1.28 million.

The token is n1280000; a fraction is written with d, n1d5 for 1.5. Numbers of one or two digits are left out,
unless they count money: every page has them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from worker.index.analysis.values.entity import Entity

_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {
    **{"零": 0, "壱": 1, "弐": 2, "参": 3},
}
_SMALL = {"十": 10, "拾": 10, "百": 100, "千": 1_000}
_LARGE = {"万": 10_000, "億": 100_000_000, "兆": 1_000_000_000_000}

NUMERALS = "〇零一二三四五六七八九壱弐参十拾百千"
"""Kanji of numbers below 10,000, folded, as the content of a character class."""
_POSITIONAL = re.compile("[〇零一二三四五六七八九]{2,}")

_SCALES = {
    **{"千": 10**3, "百万": 10**6, "千万": 10**7, "十億": 10**9, "万": 10**4, "億": 10**8, "兆": 10**12},
    **{"thousand": 10**3, "million": 10**6, "billion": 10**9, "mn": 10**6, "bn": 10**9},
}
_SCALE = rf"\s?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})(?![a-z])"
_CURRENCY = r"[¥$€£]|\b(?:jpy|usd|eur|gbp)\b|金"
_UNIT = r"円|ドル|ユーロ|ポンド|(?:jpy|usd|eur|gbp|yen)\b"

# Thousands parted by commas, points, blanks or apostrophes, a fraction or not.
_GROUPS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}(?:[ '\u00a0]\d{3}){2,}(?!\d)"
_PLAIN = r"\d+(?:\.\d+)?"
_NUMBER = re.compile(
    rf"(?P<money>(?:{_CURRENCY})\s*)?(?<![\d.])(?P<digits>{_GROUPS}|{_PLAIN})(?!\d)"
    rf"(?:{_SCALE})?\s*(?P<unit>{_UNIT})?"
)
# 128万5千, 3億2,000万, 4億5千万, and numbers in kanji: at least two, or with a unit.
_PARTS = re.compile(
    rf"(?<![\d.,])(?:\d[\d,]*[百千]?[万億兆]\s?){{1,3}}(?:\d[\d,]*[百千]?)?(?![\d.])\s*(?P<unit>{_UNIT})?"
)
_KANJI = re.compile(
    rf"(?<![\d.])(?:金\s*)?(?P<kanji>[{NUMERALS}万億兆]{{2,}})\s*(?P<unit>{_UNIT})?(?![{NUMERALS}])"
)
_PLACE_VALUE = re.compile("[十拾百千万億兆]")
_MIN_DIGITS = 3
_MAX_CHARS = 40


def numbers(folded: str) -> Iterator[Entity]:
    """The numbers of a folded text by their value."""
    taken = bytearray(len(folded))
    for pattern, value in ((_PARTS, _value_of_parts), (_KANJI, _value_of_kanji), (_NUMBER, _value_of_digits)):
        for match in pattern.finditer(folded):
            # Without a unit the blank before one is none of the number's.
            start, end = match.start(), match.start() + len(match[0].rstrip())
            number = None if end - start > _MAX_CHARS or any(taken[start:end]) else value(match)
            if number is None:
                continue
            taken[start:end] = b"\x01" * (end - start)
            token = f"n{number.normalize():f}".replace(".", "d")
            yield Entity(start=start, end=end, tokens=(token,), wanted=(token,))


def numeral_value(text: str) -> int:
    """The value of a number in digits or kanji, or both."""
    if text.isdecimal():
        return int(text)
    if _POSITIONAL.fullmatch(text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = section = 0
    digits = ""
    for char in text:
        if char.isdecimal():
            digits += char
        elif char in _DIGITS:
            digits += str(_DIGITS[char])
        elif char in _SMALL:
            section += (int(digits) if digits else 1) * _SMALL[char]
            digits = ""
        else:
            total += (section + int(digits or "0") or 1) * _LARGE[char]
            section, digits = 0, ""
    return total + section + int(digits or "0")


def _value_of_parts(match: re.Match[str]) -> Decimal:
    unit = match["unit"] or ""
    return Decimal(numeral_value(re.sub(r"[\s,]", "", match[0].removesuffix(unit))))


def _value_of_kanji(match: re.Match[str]) -> Decimal | None:
    """None for a word with numerals in it, as 千葉: an amount has a unit or two place values."""
    kanji = match["kanji"]
    if not match["unit"] and len(_PLACE_VALUE.findall(kanji)) < 2:
        return None
    value = numeral_value(kanji)
    return Decimal(value) if value >= 100 else None


def _value_of_digits(match: re.Match[str]) -> Decimal | None:
    digits, scale = match["digits"], match["scale"]
    is_amount = bool(match["money"] or match["unit"] or scale)
    if not is_amount and (len(re.sub(r"\D", "", digits)) < _MIN_DIGITS or re.match(r"0\d", digits)):
        return None
    number = Decimal(_point(digits))
    return number * _SCALES[scale] if scale else number


def _point(digits: str) -> str:
    """The number with a decimal point, whatever parts its thousands."""
    if digits.count(".") > 1:  # 1.280.000,50
        return digits.replace(".", "").replace(",", ".")
    return re.sub(r"[ ',\u00a0]", "", digits)

"""Numbers as Word writes them before paragraphs: kanji, iroha, roman, letters (ECMA-376 part 1, 17.18.59)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_MAX_ROMAN = 32_767
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_AIUEO = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン"
_GANADA = "가나다라마바사아자차카타파하"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
_MAX_REPEATS = 30
_DIGITS = "〇一二三四五六七八九"
_LEGAL_DIGITS = "零壱弐参四伍六七八九"
_ONES, _TENS = ("", "十", "百", "千"), ("", "拾", "百", "阡")
_MYRIADS = ("", "万", "億", "兆")
_LEGAL_MYRIADS = ("", "萬", "億", "兆")
_MAX_KANJI = 10**16
_CIRCLES = ((1, 20, 0x2460), (21, 35, 0x3251), (36, 50, 0x32B1))


def number_text(number: int, number_format: str) -> str:
    """A number in one of Word's formats; in digits where the format is unknown or does not reach so far."""
    write = _FORMATS.get(number_format)
    return str(number) if write is None or number < 0 else write(number)


def _roman(number: int) -> str:
    if not 0 < number <= _MAX_ROMAN:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


def _of_alphabet(alphabet: str) -> Callable[[int], str]:
    """Behind the last letter they are doubled: y, z, aa, bb."""

    def write(number: int) -> str:
        repeats, place = divmod(number - 1, len(alphabet))
        return alphabet[place] * (repeats + 1) if 0 <= repeats < _MAX_REPEATS else str(number)

    return write


def _kanji_digits(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))


def _counting(digits: str, ones: tuple[str, ...], myriads: tuple[str, ...]) -> Callable[[int], str]:
    """百二十三; a one is written only before nothing, or where it is a legal number."""

    def below_a_myriad(number: int, *, has_more: bool) -> str:
        text = ""
        for place in (3, 2, 1, 0):
            digit = number // 10**place % 10
            is_silent = digit == 1 and place > 0 and digits == _DIGITS and not (has_more and place == 3)
            text += ("" if is_silent else digits[digit]) + ones[place] if digit else ""
        return text

    def write(number: int) -> str:
        if not number or number >= _MAX_KANJI:
            return digits[0] if not number else str(number)
        groups = []
        for myriad in myriads:
            number, group = divmod(number, 10_000)
            if group:
                groups.append(below_a_myriad(group, has_more=bool(myriad)) + myriad)
        return "".join(reversed(groups))

    return write


def _circle(number: int) -> str:
    return next(
        (chr(code + number - first) for first, last, code in _CIRCLES if first <= number <= last), str(number)
    )


def _from(first: int, last: int) -> Callable[[int], str]:
    """Of characters of Unicode for 1, 2, 3 and so on, of which `first` is the one for 1."""
    return lambda number: chr(first + number - 1) if 1 <= number <= last else str(number)


def _ordinal(number: int) -> str:
    is_teen = number // 10 % 10 == 1
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _sexagenary(number: int) -> str:
    return _STEMS[(number - 1) % 10] + _BRANCHES[(number - 1) % 12] if number else "0"


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_KANJI = _counting(_DIGITS, _ONES, _MYRIADS)
_LEGAL = _counting(_LEGAL_DIGITS, _TENS, _LEGAL_MYRIADS)
_FORMATS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "none": lambda _number: "",
        "decimalZero": lambda number: f"{number:02}",
        "upperRoman": lambda number: _roman(number).upper(),
        "lowerRoman": _roman,
        "upperLetter": lambda number: _of_alphabet(_LATIN)(number).upper(),
        "lowerLetter": _of_alphabet(_LATIN),
        "ordinal": _ordinal,
        "hex": lambda number: f"{number:X}",
        "numberInDash": lambda number: f"- {number} -",
        "decimalEnclosedCircle": _circle,
        "decimalEnclosedCircleChinese": _circle,
        "decimalEnclosedFullstop": _from(0x2488, 20),
        "decimalEnclosedParen": _from(0x2474, 20),
        "ideographEnclosedCircle": _from(0x3280, 10),
        "ideographTraditional": _of_alphabet(_STEMS),
        "ideographZodiac": _of_alphabet(_BRANCHES),
        "ideographZodiacTraditional": _sexagenary,
        "russianLower": _of_alphabet(_RUSSIAN),
        "russianUpper": lambda number: _of_alphabet(_RUSSIAN)(number).upper(),
        "japaneseLegal": _LEGAL,
        **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), lambda n: str(n).translate(_WIDE)),
        **dict.fromkeys(("aiueo", "aiueoFullWidth"), _of_alphabet(_AIUEO)),
        **dict.fromkeys(("iroha", "irohaFullWidth"), _of_alphabet(_IROHA)),
        **dict.fromkeys(("ganada", "chosung"), _of_alphabet(_GANADA)),
        **dict.fromkeys(
            ("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"), _kanji_digits
        ),
        **dict.fromkeys(
            (
                *("japaneseCounting", "chineseCounting", "chineseCountingThousand", "taiwaneseCounting"),
                "taiwaneseCountingThousand",
            ),
            _KANJI,
        ),
    }
)

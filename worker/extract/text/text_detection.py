"""Whether the first bytes of a file are text, in whatever encoding, or the start of a binary file.

Bytes prove it: control bytes are binary, ASCII without them and UTF-8 are text. What is left are encodings in
which any bytes have a meaning, so the decoded characters must look like words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from worker.extract.text.charset import encoding_of, has_mark, is_mostly_utf8
from worker.extract.text.mixed_encoding import drop_zero_blocks
from worker.extract.text.script import HAN, HANGUL, KANA, LATIN, letters_by_script

_SIGNATURES = (
    b"\x7fELF",
    b"\x89PNG",
    b"\x1f\x8b\x08",
    b"\xa7\r\r\n",
    b"\xd0\xcf\x11\xe0",
    b"\xff\xd8\xff",
    b"8BPS\0",
    b"!<arch>\n",
)
"""Starts of binary files, of which libmagic needs more bytes than a file that is cut after them has."""
_RIFF = re.compile(rb"RIFF[ -~]{0,3}[^ -~]")
"""The size of the file follows; in a text, characters."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""In no character of any encoding but UTF-16 and UTF-32. Escapes switch character sets, and colours."""
_MAX_CONTROLS_SHARE = 0.02
_WIDE = ("utf-16", "utf-32")
_MIN_WIDE_CHARS = 4
_DOS_END = "\x1a"
_SAMPLED_BYTES = 8_192
_HIGH_PAIR = re.compile(rb"(?=([\x80-\xff])([\x80-\xff]))", re.DOTALL)
_NEAR = 2
_MAX_NEAR_SHARE = 0.6
_MANY_PAIRS = 40
"""Neighbouring bytes of pictures and sounds are alike; in texts one in five pairs is."""
_LIKELIHOOD_OF_HALF_KANA = 0.85
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_HALF_KANA = re.compile(r"[\uff61-\uff9f]{2,}")
_NO_SYMBOLS = re.compile(r"[0-9\s]")
_WORD = re.compile(r"[^\W\d_]{3,}")
_ASCII_WORD = re.compile(r"[A-Za-z]{3,}")
_MAX_STRAY_SHARE = 0.15
"""So few characters beyond ASCII, in a text with words, need not look like words themselves."""
_MIN_CHARS_WITH_STRAYS = 16
_MIN_LIKELIHOOD = 0.8
_MIN_COMMON_LETTERS = 0.45
"""Of the characters; in texts they are two thirds, in other bytes a quarter."""
_PUNCTUATION = frozenset("‘’“”„‚–—…•€£¥§©®™°±²³«»·´¿¡½¼‹›№\xa0\xad")
_CHARACTER_SETS = (("euc_jp", 0xCF), ("gb2312", 0xD7), ("big5", 0xC6), ("euc_kr", 0xC8))
"""Each with its last row of what is common in the language: kanji of JIS X 0208, level 1."""
_EAST_ASIAN = (
    ("cp932", 0),
    ("euc_jp", 0),
    ("euc_jis_2004", 0),
    ("gb18030", 1),
    ("big5", 2),
    ("cp949", 3),
    ("utf_16_le", 1),
    ("utf_16_be", 1),
)
"""Encodings, and which character set has their characters."""
_MIN_WIDE_COMMON = 0.6
_ALPHABETS = (
    (("koi8_u", "cp1251", "cp866", "iso8859_5"), frozenset("оеаинтсрвлкмпі")),
    (("cp1253", "iso8859_7"), frozenset("αοιετσνηυρπκςάέήίόύώ")),
    (("cp1255",), frozenset("יוהלאתרבשמנ")),
    (("cp1256", "iso8859_6"), frozenset("اليمنرتوبةعدسفكهحق")),
    (("cp874",), frozenset("านรอกเงยลมดตวสะัี่้")),
)
"""Encodings of one byte a character, with the common letters of their languages."""
_LATIN = ("cp1252", "iso8859_2", "cp1250", "cp1254", "cp1257", "mac_roman", "cp437")


def is_text(head: bytes, *, is_known_binary: bool = False) -> bool:
    """Whether the first bytes of a file are text in some encoding.

    `is_known_binary` says that they have the signature of a binary format, which a text may begin with by
    chance: then not a single control byte is accepted.
    """
    data = drop_zero_blocks(head)
    if not data.strip(b"\0") or data.startswith(_SIGNATURES) or _RIFF.match(data):
        return False
    most = 0.0 if is_known_binary else _MAX_CONTROLS_SHARE
    encoding = encoding_of(data)
    text = data.decode(encoding, "replace").removesuffix("\ufffd").removesuffix(_DOS_END)
    if encoding.startswith(_WIDE):
        return _is_wide_text(data, text, most)
    controls = len(_CONTROLS.findall(data.removesuffix(_DOS_END.encode())))
    if controls > len(data) * most:
        return False
    if data.isascii() or is_mostly_utf8(data):
        return bool(text)
    sample = data[:_SAMPLED_BYTES]
    return not _is_smooth(sample) and (_has_few_strays(sample) or _is_in_a_language(_without_utf8(sample)))


def _without_utf8(data: bytes) -> bytes:
    """The data without lines in UTF-8: of a log in two encodings, those in the other one."""
    return b"\n".join(line for line in data.split(b"\n") if line.isascii() or not is_mostly_utf8(line))


def _is_wide_text(data: bytes, text: str, most: float) -> bool:
    """Whether UTF-16 or UTF-32 is text: with a byte order mark by its characters, else it must have words."""
    wrong = sum(count for char, count in Counter(text).items() if _is_impossible(char))
    if wrong > len(text) * most:
        return False
    if has_mark(data):
        return bool(text.strip("\ufeff"))
    return len(text) >= _MIN_WIDE_CHARS and _is_wide_language(text[:_SAMPLED_BYTES])


def _is_impossible(char: str) -> bool:
    return char not in "\t\n\r\f\x0b\x1b\ufeff" and unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs")


def _is_wide_language(text: str) -> bool:
    """Whether the characters are ASCII and those of one more script, as other data is not."""
    letters = letters_by_script(text)
    east_asian = letters.pop(KANA) + letters.pop(HAN) + letters.pop(HANGUL)
    latin = letters.pop(LATIN)
    if east_asian > max(letters.values()):
        most = east_asian
        wide = _FOREIGN.findall(text)
        common = max(sum(_is_common(char, *row) for char in wide) for row in _CHARACTER_SETS)
        if common < _MIN_WIDE_COMMON * len(wide):
            return False
    else:
        most = max(letters.values())
    symbols = sum(char.isascii() and not char.isalpha() for char in text)
    return latin + most > 0 and latin + most + symbols >= _MIN_LIKELIHOOD * len(text)


def _is_smooth(data: bytes) -> bool:
    """Whether neighbouring bytes beyond ASCII are alike, or all the same."""
    pairs = _HIGH_PAIR.findall(data)
    near = sum(abs(one[0] - other[0]) <= _NEAR for one, other in pairs)
    is_mostly_high = 2 * len(pairs) >= len(data) - 1
    return near > _MAX_NEAR_SHARE * len(pairs) and (is_mostly_high or len(pairs) >= _MANY_PAIRS)


def _has_few_strays(data: bytes) -> bool:
    """Whether it is words in ASCII with few bytes beyond it."""
    text = data.decode("latin-1")
    words = sum(map(len, _ASCII_WORD.findall(text)))
    is_stray = len(_FOREIGN.findall(text)) <= _MAX_STRAY_SHARE * len(text) and 2 * words >= len(text)
    return is_stray and len(text) >= _MIN_CHARS_WITH_STRAYS


def _is_in_a_language(data: bytes) -> bool:
    """Whether the bytes are words in one of the older encodings."""
    if any(_is_east_asian(data, *row) for row in _EAST_ASIAN):
        return True
    if any(_is_alphabetic(data, name, common) for names, common in _ALPHABETS for name in names):
        return True
    return any(_is_latin(data.decode(encoding, "replace")) for encoding in _LATIN)


def _is_east_asian(data: bytes, encoding: str, place: int) -> bool:
    foreign = _FOREIGN.findall(data.decode(encoding, "replace").removesuffix("\ufffd"))
    half_kana = sum(map(len, _HALF_KANA.findall("".join(foreign))))
    common = sum(_is_common(char, *_CHARACTER_SETS[place]) for char in foreign)
    return common + _LIKELIHOOD_OF_HALF_KANA * half_kana >= _MIN_LIKELIHOOD * len(foreign) > 0


def _is_common(char: str, character_set: str, last_row: int) -> bool:
    code = char.encode(character_set, "replace")
    return len(code) == 2 and 0x8E < code[0] <= last_row


def _is_alphabetic(data: bytes, encoding: str, common: frozenset[str]) -> bool:
    text = data.decode(encoding, "replace")
    letters = [char for char in _FOREIGN.findall(text) if char.isalpha() or unicodedata.combining(char)]
    is_common = sum(char.lower() in common for char in letters) >= _MIN_COMMON_LETTERS * len(letters) > 0
    return is_common and _mean_likelihood(text) >= _MIN_LIKELIHOOD


def _is_latin(text: str) -> bool:
    """Whether the characters beyond ASCII are accented letters among letters in ASCII, or punctuation."""
    accented = sum(map(str.isalpha, _FOREIGN.findall(text)))
    letters = sum(map(str.isalpha, text))
    symbols = len(text) - letters - len(_NO_SYMBOLS.findall(text))
    has_words = letters >= max(2 * accented, 1.5 * symbols) and _WORD.search(text) is not None
    return has_words and _mean_likelihood(text) >= _MIN_LIKELIHOOD


def _mean_likelihood(text: str) -> float:
    places = [match.start() for match in _FOREIGN.finditer(text)]
    return sum(_likelihood(text, place) for place in places) / max(1, len(places))


def _likelihood(text: str, place: int) -> float:
    """How likely a character is in text at its place, at most 1."""
    char = text[place]
    category = unicodedata.category(char)
    if category in ("Cc", "Cn", "Co", "Cs") or char == "\ufffd":
        return -1.0
    before, after = text[max(0, place - 1) : place], text[place + 1 : place + 2]
    if category.startswith("M"):
        return 1.0 if before.isalpha() or unicodedata.category(before or " ").startswith("M") else 0.0
    if category in ("Lu", "Ll", "Lo"):
        return _likelihood_of_character(before, char, after)
    return 0.8 if char in _PUNCTUATION else 0.2


def _likelihood_of_character(before: str, char: str, after: str) -> float:
    """By the letters beside it: of one script, and no capital behind a small character."""
    script = _script_of(char)
    beside = [letter for letter in (before, after) if letter.isalpha()]
    if not beside:
        return 0.8 if (before + after).strip(" \n\r\t-.,:;'\"()/") == "" else 0.1
    if any(_script_of(letter) != script for letter in beside):
        return 0.0
    return 0.2 if before.islower() and char.isupper() else 1.0


def _script_of(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]

"""The encoding of a text, in any that people here still save files in: bytes in, text out.

Byte order marks, ISO-2022-JP escapes and UTF-8 prove themselves. Shift_JIS, EUC-JP and UTF-16 without a
mark do not: there the reading that looks most like Japanese wins. It is judged by all that is not ASCII,
because one line of it may come after much that is. charset-normalizer decides the rest: it is right about
Slavic and Greek code pages, and wrong about short Japanese and Western texts.
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import charset_normalizer

from worker.extract.text.iso2022jp import decode_jis, is_jis
from worker.extract.text.mixed_encoding import lines_of_two_encodings, without_lost_blocks

_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JIS = "iso-2022-jp"
_WIDE_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_UNMARKED_ENCODINGS = ("utf-16-le", "utf-16-be")
_JAPANESE_ENCODINGS = ("cp932", "euc_jp", "euc_jis_2004")
_CHECKABLE = frozenset({"cp932", "euc_jp", "euc_jis_2004", "gb18030", "big5hkscs", "cp949", "johab"})
"""Encodings in which a wrong reading shows: not every byte follows every other."""
_WIDER = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-euc-jp": "euc_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
_PLAUSIBLE = 0.5
"""Least mean weight of a reading's characters (`_weight`) that is believed."""
_PLAUSIBLE_UNMARKED = 0.7
"""The same for UTF-16 that shows neither a mark nor a single ASCII character."""
_SAMPLE_BYTES = 65_536
_FOREIGN_BEFORE_A_CUT = 4
"""Fewer characters do not prove UTF-8 when the last is cut: C3 BD C4 are kana in Shift_JIS."""
_CERTAIN_UNMARKED = 0.95
"""The same where the bytes alternate as in kana, which are digits and letters in every other encoding."""
_KANA_ROW = 0x30
_LEAST_KANA_SHARE = 0.15
_LEAST_WIDE_BYTES = 8
_MAX_LETTERS_SHARE = 0.75
"""Pairs of Western letters are kanji when they are read as UTF-16."""
_LETTERS = re.compile(rb"[A-Za-z ]")
_EUC_HALF_KANA = re.compile(rb"(?:\x8e[\xa1-\xdf]){3,}")
_MAX_CONTROLS_SHARE = 0.02
_HARMLESS = dict.fromkeys(map(ord, "\x1b\ufeff"))

_LONG_ASCII = re.compile(rb"([\x00-\x7f])[\x00-\x7f]{6,}([\x00-\x7f])")
_TELLING_BYTES = 262_144
"""So much of what is not ASCII is judged; the ASCII between says nothing, and may be long."""
_ASCII = re.compile(r"[\x00-\x7f]+")
_ASCII_BYTES = re.compile(rb"[\x00-\x7f]+")
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]+")
_STRAY = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f\u3000-\u30ff\uff01-\uff5e]{1,2}(?![^\x00-\x7f])")
_LONE_HALF_KANA = re.compile(r"(?<![\uff61-\uff9f])[\uff61-\uff9f](?![\uff61-\uff9f])")
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ‘’“”„–—…•€£¥§©®™°±²³«»·´¿¡½¼ÞþðÝý\xa0"
)
_SIGNS = (
    (0x3000, 0x30FE),
    (0xFF01, 0xFF5E),
    (0x2014, 0x203B),
    (0x2190, 0x22FF),
    (0x2460, 0x2473),
    (0x2500, 0x266F),
    (0x3231, 0x33FF),
)
UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in some encoding: next to no control characters.

    The mark of DOS at its end, a last character cut in two and byte order marks anywhere are no reason
    against it: even one would be many in a short file.
    """
    text = decode(head).translate(_HARMLESS).rstrip("\x1a").removesuffix("\ufffd")
    wrong = len(UNPRINTABLE.findall(text)) + text.count("\ufffd")
    return bool(head.strip(b"\0")) and wrong <= len(text) * _MAX_CONTROLS_SHARE


def decode(data: bytes, declared: str | None = None) -> str:
    """Text from bytes of an unknown encoding; what fits no encoding becomes U+FFFD, nothing is raised.

    `declared` is what a document says of itself: believed of encodings that can be checked, and where the
    bytes look like nothing else.
    """
    data = without_lost_blocks(data)
    mixed = _mixed(data)
    if mixed is not None:
        return mixed
    encoding = _encoding(data, _known(declared))
    if encoding == _JIS:
        return decode_jis(data)
    return data.decode(encoding, "replace")


def _mixed(data: bytes) -> str | None:
    """The text of a log in which some lines are in UTF-8 and others in an older Japanese encoding."""
    lines = lines_of_two_encodings(data)
    if lines is None:
        return None
    others = b"\n".join(line for line, in_utf8 in lines if not in_utf8)
    older, score = _best(others[:_TELLING_BYTES], _JAPANESE_ENCODINGS, _as_japanese)
    if score < _PLAUSIBLE:
        return None
    return "\n".join(line.decode("utf-8" if in_utf8 else older, "replace") for line, in_utf8 in lines)


def _encoding(data: bytes, declared: str | None) -> str:
    sample = data[:_SAMPLE_BYTES]
    proven = _proven(data, sample)
    if proven:
        return proven
    if declared in _CHECKABLE and _fits(data, declared):
        return declared
    telling = _LONG_ASCII.sub(rb"\1 \2", data)[:_TELLING_BYTES]
    japanese, score = _best(telling, _JAPANESE_ENCODINGS, _as_japanese)
    unmarked, unmarked_score = _best(sample, _unmarked(sample), _as_wide)
    if unmarked_score > max(_PLAUSIBLE_UNMARKED, score):
        return unmarked
    if score >= _PLAUSIBLE:
        return "euc_jp" if _is_euc_half_kana(telling) else japanese
    return declared or ("cp1252" if _is_western(telling) else _guess(telling))


def _proven(data: bytes, sample: bytes) -> str | None:
    """The encoding that marks, escapes, zero bytes, rows of kana or UTF-8's own rules prove, if any."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    wide, score = _best(sample, _WIDE_ENCODINGS if b"\0" in sample else (), _as_wide)
    if score >= _PLAUSIBLE:
        return wide
    if data.isascii():
        return _JIS if is_jis(data) else "ascii"
    if _has_kana_rows(sample):
        unmarked, score = _best(sample, _unmarked(sample), _as_wide)
        if score >= _CERTAIN_UNMARKED:
            return unmarked
    return "utf-8" if _is_utf8(data) else None


def _best(data: bytes, encodings: Sequence[str], score: Callable[[bytes, str], float]) -> tuple[str, float]:
    """The encoding whose reading scores best, and its score; nothing beats no encoding."""
    scores = {encoding: score(data, encoding) for encoding in encodings}
    best = max(scores, key=scores.__getitem__, default="")
    return best, scores.get(best, -math.inf)


def _known(declared: str | None) -> str | None:
    """The codec for a declared name, with the extensions everybody uses under it; None for no such thing."""
    try:
        name = codecs.lookup(_WIDER.get((declared or "").lower(), declared or "")).name
        name = _WIDER.get(name, name)
        # Some codecs are none of text; and what is declared in ASCII is not in UTF-16.
        return None if name.startswith("utf") or not "a".encode(name).isalpha() else name
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _fits(data: bytes, encoding: str) -> bool:
    text = data.decode(encoding, "replace")
    return text.count("\ufffd") * 100 <= len(_ASCII.sub("", text))


def _is_utf8(data: bytes) -> bool:
    """Valid, but for a last character cut in two or a wrong byte that some program put into a long log."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        foreign = len(_ASCII.sub("", text))
        wrong = text.count("\ufffd") - (text.endswith("\ufffd") and foreign >= _FOREIGN_BEFORE_A_CUT)
        return wrong * 20 <= foreign
    return True


def _is_euc_half_kana(data: bytes) -> bool:
    """Whether nearly all are half-width kana in EUC-JP, which are kanji of ordinary writing in Shift_JIS."""
    kana = sum(map(len, _EUC_HALF_KANA.findall(data)))
    return kana >= 0.8 * len(_ASCII_BYTES.sub(b"", data)) > 0


def _has_kana_rows(data: bytes) -> bool:
    """Whether every so many-th pair has the row byte of kana, at the same side (UTF-16, kana are 30xx)."""
    rows = max(data[0::2].count(_KANA_ROW), data[1::2].count(_KANA_ROW))
    return rows * 2 >= _LEAST_KANA_SHARE * len(data)


def _unmarked(data: bytes) -> Sequence[str]:
    """UTF-16 without a mark, and without a single ASCII character, where it is worth a look."""
    if len(data) % 2 or len(data) < _LEAST_WIDE_BYTES:
        return ()
    letters = len(_LETTERS.findall(data))
    return _UNMARKED_ENCODINGS if letters <= _MAX_LETTERS_SHARE * len(data) else ()


def _is_western(data: bytes) -> bool:
    """Whether the non-ASCII bytes are accented letters within words, or typographic signs."""
    text = data.decode("cp1252", "replace")
    runs = _FOREIGN_RUN.findall(text)
    foreign = "".join(runs)
    western = sum(count for char, count in Counter(foreign).items() if char in _WESTERN)
    return western >= 0.9 * len(foreign) and len(foreign) <= 2.5 * len(runs)


def _guess(data: bytes) -> str:
    best = charset_normalizer.from_bytes(data[:_SAMPLE_BYTES]).best()
    return best.encoding if best is not None else "cp1252"


def _as_japanese(data: bytes, encoding: str) -> float:
    """How much the part that is not ASCII looks like Japanese (at most 1).

    A Western letter misread as the first byte of a kanji swallows the letter behind it, so one or two
    such characters (no kana or signs) directly behind an ASCII letter speak against this reading.
    """
    text = data.decode(encoding, "replace")
    foreign = _ASCII.sub("", text)
    against = 2 * sum(map(len, _STRAY.findall(text))) + len(_LONE_HALF_KANA.findall(text))
    return _mean_weight(foreign) - against / max(1, len(foreign))


def _as_wide(data: bytes, encoding: str) -> float:
    """How much the data looks like writing (at most 1)."""
    return _mean_weight(data.decode(encoding, "replace"))


def _mean_weight(text: str) -> float:
    return sum(_weight(char) * count for char, count in Counter(text).items()) / max(1, len(text))


def _weight(char: str) -> float:
    """How well a character fits into Japanese or English writing."""
    code = ord(char)
    if 0x20 <= code < 0x7F or char in "\t\n\r\f" or _is_kana_or_sign(code):
        return 1.0
    if 0x4E00 <= code <= 0x9FFF:
        return 1.0 if _is_common_kanji(char) else 0.2
    if 0xFF61 <= code <= 0xFF9F:
        return 0.8
    return -5.0 if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs") else 0.3


def _is_kana_or_sign(code: int) -> bool:
    """Kana, the signs of Japanese documents (①, ㈱, →, ■), full-width letters and digits."""
    return any(first <= code <= last for first, last in _SIGNS)


def _is_common_kanji(char: str) -> bool:
    """JIS X 0208 level 1 (the 2965 kanji of ordinary writing): rows 16 to 47."""
    return 0xB0 <= char.encode("euc_jp", "replace")[0] <= 0xCF

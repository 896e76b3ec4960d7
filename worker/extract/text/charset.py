"""The encoding of a text file, detected from its bytes (docs/decisions/0026-our-own-charset-detection.md)."""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import charset_normalizer

from worker.extract.text.iso2022jp import decode_jis, is_jis
from worker.extract.text.mixed_encoding import drop_zero_blocks, lines_of_two_encodings

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
"""Encodings in which wrongly decoded bytes show: not every byte may follow every other."""
_SUPERSETS = {
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
"""Least mean weight (`_weight`) of the decoded characters at which an encoding is accepted."""
_PLAUSIBLE_UNMARKED = 0.7
"""The same for UTF-16 with neither a byte order mark nor a single ASCII character."""
_SAMPLE_BYTES = 65_536
_MIN_CHARS_BEFORE_A_CUT = 4
"""Fewer characters do not prove UTF-8 when the last is truncated: C3 BD C4 are kana in Shift_JIS."""
_CERTAIN_UNMARKED = 0.95
"""The same where the bytes alternate as those of kana, which are digits and letters in other encodings."""
_KANA_ROW = 0x30
_MIN_KANA_SHARE = 0.15
_MIN_WIDE_BYTES = 8
_MAX_LETTERS_SHARE = 0.75
"""Pairs of Western letters become kanji when they are decoded as UTF-16."""
_LETTERS = re.compile(rb"[A-Za-z ]")
_EUC_HALF_KANA = re.compile(rb"(?:\x8e[\xa1-\xdf]){3,}")

_LONG_ASCII = re.compile(rb"([\x00-\x7f])[\x00-\x7f]{6,}([\x00-\x7f])")
_SCORED_BYTES = 262_144
"""So many bytes are scored, after long runs of ASCII are cut out: ASCII is the same in most encodings, and
one Japanese line may come after much of it."""
_ASCII = re.compile(r"[\x00-\x7f]+")
_DAMAGED = re.compile("\ufffd+")
_ASCII_BYTES = re.compile(rb"[\x00-\x7f]+")
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]+")
_STRAY = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f\u3000-\u30ff\uff01-\uff5e]{1,2}(?![^\x00-\x7f])")
_LONE_HALF_KANA = re.compile(r"(?<![\uff61-\uff9f])[\uff61-\uff9f](?![\uff61-\uff9f])")
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ‘’“”„–—…•€£¥§©®™°±²³«»·´¿¡½¼ÞþðÝý\xa0"
)
_SYMBOLS = (
    (0x3000, 0x30FE),
    (0xFF01, 0xFF5E),
    (0x2014, 0x203B),
    (0x2190, 0x22FF),
    (0x2460, 0x2473),
    (0x2500, 0x266F),
    (0x3231, 0x33FF),
)
UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


def encoding_of(data: bytes) -> str:
    """The encoding that the bytes are most likely in, whether they are text or not."""
    return _detect_encoding(data, None)


def has_mark(data: bytes) -> bool:
    """Whether the data begins with a byte order mark."""
    return data.startswith(tuple(mark for mark, _ in _MARKS))


def decode(data: bytes, declared: str | None = None) -> str:
    """Text from bytes of an unknown encoding; what fits no encoding becomes U+FFFD, nothing is raised.

    `declared` is the encoding that a document names: accepted where the bytes can be checked against it, or
    suggest no other.
    """
    data = drop_zero_blocks(data)
    mixed = _decode_mixed_lines(data)
    if mixed is not None:
        return mixed
    encoding = _detect_encoding(data, _codec_of(declared))
    if encoding == _JIS:
        return decode_jis(data)
    return data.decode(encoding, "replace")


def _decode_mixed_lines(data: bytes) -> str | None:
    """The text of a log in which some lines are in UTF-8 and others in an older Japanese encoding."""
    lines = lines_of_two_encodings(data)
    if lines is None:
        return None
    others = b"\n".join(line for line, in_utf8 in lines if not in_utf8)
    older, score = _best_encoding(others[:_SCORED_BYTES], _JAPANESE_ENCODINGS, _japanese_score)
    if score < _PLAUSIBLE:
        return None
    return "\n".join(line.decode("utf-8" if in_utf8 else older, "replace") for line, in_utf8 in lines)


def _detect_encoding(data: bytes, declared: str | None) -> str:
    sample = data[:_SAMPLE_BYTES]
    certain = _certain_encoding(data, sample)
    if certain:
        return certain
    if declared in _CHECKABLE and _can_decode(data, declared):
        return declared
    scored = _LONG_ASCII.sub(rb"\1 \2", data)[:_SCORED_BYTES]
    japanese, score = _best_encoding(scored, _JAPANESE_ENCODINGS, _japanese_score)
    unmarked, unmarked_score = _best_encoding(sample, _utf16_candidates(sample), _text_score)
    if unmarked_score > max(_PLAUSIBLE_UNMARKED, score):
        return unmarked
    if score >= _PLAUSIBLE:
        # The same bytes are common kanji in Shift_JIS.
        return "euc_jp" if _is_euc_half_kana(scored) else japanese
    # charset-normalizer is right about Slavic and Greek code pages, and wrong about short Western texts.
    return declared or ("cp1252" if _is_western(scored) else _guess(scored))


def _certain_encoding(data: bytes, sample: bytes) -> str | None:
    """The encoding that a byte order mark, escapes, zero bytes, kana in UTF-16 or UTF-8 prove, if any."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    wide, score = _best_encoding(sample, _WIDE_ENCODINGS if b"\0" in sample else (), _text_score)
    if score >= _PLAUSIBLE:
        return wide
    if data.isascii():
        return _JIS if is_jis(data) else "ascii"
    if _has_kana_rows(sample):
        unmarked, score = _best_encoding(sample, _utf16_candidates(sample), _text_score)
        if score >= _CERTAIN_UNMARKED:
            return unmarked
    return "utf-8" if is_mostly_utf8(data) else None


def _best_encoding(
    data: bytes, encodings: Sequence[str], score: Callable[[bytes, str], float]
) -> tuple[str, float]:
    """The encoding with the best score, and the score; "" and minus infinity of none."""
    scores = {encoding: score(data, encoding) for encoding in encodings}
    best = max(scores, key=scores.__getitem__, default="")
    return best, scores.get(best, -math.inf)


def _codec_of(declared: str | None) -> str | None:
    """The codec for a declared name, or the superset used under that name; None where there is none."""
    try:
        name = codecs.lookup(_SUPERSETS.get((declared or "").lower(), declared or "")).name
        name = _SUPERSETS.get(name, name)
        # Some codecs are not of text; and a declaration that is readable as ASCII is not in UTF-16.
        return None if name.startswith("utf") or not "a".encode(name).isalpha() else name
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _can_decode(data: bytes, encoding: str) -> bool:
    text = data.decode(encoding, "replace")
    return text.count("\ufffd") * 100 <= len(_ASCII.sub("", text))


def is_mostly_utf8(data: bytes) -> bool:
    """Valid, but for a truncated last character, a stray byte in a long log or two in a note.

    A character of three bytes proves more than one of two, whose bytes are letters in other encodings.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        foreign = _ASCII.sub("", text)
        is_cut = text.endswith("\ufffd") and len(foreign) >= _MIN_CHARS_BEFORE_A_CUT
        # A stray byte within a character leaves the pieces of that, too. FF and FE, of a byte order mark in
        # the wrong place, are hardly a character in any encoding.
        wrong = sum((len(run) + 1) // 2 for run in _DAMAGED.findall(text)) - is_cut
        against = 2 * wrong - min(2, data.count(b"\xff") + data.count(b"\xfe"))
        valid = _DAMAGED.sub("", foreign)
        wide = sum(char > "\u07ff" for char in valid)
        weight = 2 * wide + _most_of_one_script(char for char in valid if char <= "\u07ff")
        return weight > 0 and against <= weight
    return True


def _most_of_one_script(chars: Iterable[str]) -> int:
    """How many characters of one script there are, 0 where other encodings gave many scripts by chance."""
    scripts = Counter(unicodedata.name(char, "").partition(" ")[0] for char in chars)
    most = max(scripts.values(), default=0)
    return most if most >= 0.8 * scripts.total() else 0


def _is_euc_half_kana(data: bytes) -> bool:
    """Whether nearly all of it is half-width kana in EUC-JP."""
    kana = sum(map(len, _EUC_HALF_KANA.findall(data)))
    return kana >= 0.8 * len(_ASCII_BYTES.sub(b"", data)) > 0


def _has_kana_rows(data: bytes) -> bool:
    """Whether enough pairs of bytes have the row byte of kana on the same side (in UTF-16 kana are 30xx)."""
    rows = max(data[0::2].count(_KANA_ROW), data[1::2].count(_KANA_ROW))
    return rows * 2 >= _MIN_KANA_SHARE * len(data)


def _utf16_candidates(data: bytes) -> Sequence[str]:
    """UTF-16 without byte order mark and ASCII characters, in both orders, where the data may be that."""
    if len(data) < _MIN_WIDE_BYTES:
        return ()
    letters = len(_LETTERS.findall(data))
    return _UNMARKED_ENCODINGS if letters <= _MAX_LETTERS_SHARE * len(data) else ()


def _is_western(data: bytes) -> bool:
    """Whether the non-ASCII bytes are accented letters within words, or typographic symbols."""
    text = data.decode("cp1252", "replace")
    runs = _FOREIGN_RUN.findall(text)
    foreign = "".join(runs)
    western = sum(count for char, count in Counter(foreign).items() if char in _WESTERN)
    return western >= 0.9 * len(foreign) and len(foreign) <= 2.5 * len(runs)


def _guess(data: bytes) -> str:
    best = charset_normalizer.from_bytes(data[:_SAMPLE_BYTES]).best()
    return best.encoding if best is not None else "cp1252"


def _japanese_score(data: bytes, encoding: str) -> float:
    """How likely the part that is not ASCII is Japanese in this encoding (at most 1)."""
    # A Western letter decoded as the first byte of a kanji consumes the next one, so one or two such
    # characters (no kana or symbols) directly behind an ASCII letter count against the encoding.
    text = data.decode(encoding, "replace")
    foreign = _ASCII.sub("", text)
    against = 2 * sum(map(len, _STRAY.findall(text))) + len(_LONE_HALF_KANA.findall(text))
    return _mean_weight(foreign) - against / max(1, len(foreign))


def _text_score(data: bytes, encoding: str) -> float:
    """How likely the data is text in UTF-16 or UTF-32 (at most 1)."""
    # The last unit may be truncated, or the end mark of DOS.
    unit_bytes = 4 if encoding.startswith("utf-32") else 2
    text = data[: len(data) // unit_bytes * unit_bytes].decode(encoding, "replace")
    return _mean_weight(text.removesuffix("\x1a"))


def _mean_weight(text: str) -> float:
    return sum(_weight(char) * count for char, count in Counter(text).items()) / max(1, len(text))


def _weight(char: str) -> float:
    """How likely a character is in Japanese or English text."""
    code = ord(char)
    if 0x20 <= code < 0x7F or char in "\t\n\r\f" or _is_kana_or_symbol(code):
        return 1.0
    if 0x4E00 <= code <= 0x9FFF:
        return 1.0 if _is_common_kanji(char) else 0.2
    if 0xFF61 <= code <= 0xFF9F:
        return 0.8
    return -5.0 if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs") else 0.3


def _is_kana_or_symbol(code: int) -> bool:
    """Kana, the symbols of Japanese documents (①, ㈱, →, ■), full-width letters and digits."""
    return any(first <= code <= last for first, last in _SYMBOLS)


def _is_common_kanji(char: str) -> bool:
    """JIS X 0208 level 1 (the 2965 kanji in common use): rows 16 to 47."""
    return 0xB0 <= char.encode("euc_jp", "replace")[0] <= 0xCF

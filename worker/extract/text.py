"""Plain text in any encoding people here still save files in: bytes in, one page of text out.

Byte order marks, ISO-2022-JP escapes and UTF-8 prove themselves. Shift_JIS, EUC-JP and UTF-16 without a
mark do not: there the reading that looks most like Japanese wins. It is judged by all that is not ASCII,
because one line of it may come after much that is. charset-normalizer decides the rest: it is right about
Slavic and Greek code pages, and wrong about short Japanese and Western texts.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import charset_normalizer
from PIL import Image

from worker.errors import Code, OCRError, RejectedError
from worker.extract.language import script_shares
from worker.extract.page_source import PageSource
from worker.models import Page, TextSource
from worker.read_options import ReadOptions

_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JIS_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b$(D", b"\x1b(I")
_WIDE_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_JAPANESE_ENCODINGS = ("cp932", "euc_jp", "euc_jis_2004")
_PLAUSIBLE = 0.5
"""Least mean weight of a reading's characters (`_weight`) that is believed."""
_MAX_BYTES_PER_CHAR = 4
_SAMPLE_BYTES = 65_536
_MAX_CONTROLS_SHARE = 0.02
_MIN_CJK_SHARE = 0.1

_LONG_ASCII = re.compile(rb"([\x00-\x7f])[\x00-\x7f]{6,}([\x00-\x7f])")
_TELLING_BYTES = 262_144
"""So much of what is not ASCII is judged; the ASCII between says nothing, and may be long."""
_ASCII = re.compile(r"[\x00-\x7f]+")
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]+")
_STRAY = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]{1,2}(?![^\x00-\x7f])")
_LONE_HALF_KANA = re.compile(r"(?<![\uff61-\uff9f])[\uff61-\uff9f](?![\uff61-\uff9f])")
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ‘’“”„–—…•€£¥§©®™°±²³«»·´¿¡½¼\xa0"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


def open_text(path: Path, options: ReadOptions) -> PageSource:
    """One page with the whole text, whatever its markup: XML and HTML stay as they were written.

    Text over `max_text_chars` is cut there, and the page's reason says so. Raises RejectedError when the
    file is empty.
    """
    limit_chars = options.limits.max_text_chars
    with path.open("rb") as file:
        data = file.read(limit_chars * _MAX_BYTES_PER_CHAR + 1)
    if not data:
        raise RejectedError(f"{path.name}: the file is empty", code=Code.EMPTY)
    return one_page(clean(decode(data)), options)


def one_page(text: str, options: ReadOptions) -> PageSource:
    """A document of one page that needs no recognition, cut at `max_text_chars`."""
    limit_chars = options.limits.max_text_chars
    kept = text[:limit_chars]
    page = Page(
        number=1,
        text=kept,
        source=TextSource.FILE,
        language=language_of_text(kept),
        reason=Code.TOO_LARGE.value if len(text) > limit_chars else None,
    )
    return PageSource(page_count=1, pages=_once(page), render=_nothing_to_draw, preview=_no_picture)


def clean(text: str) -> str:
    """Text as it is stored: lines end in a line feed, no control characters but tab, no outer blanks."""
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text)).strip()


def language_of_text(text: str) -> str | None:
    """The language by script: jpn or eng, None where neither can be told.

    A tenth of kana and kanji is enough: Japanese texts about technology are full of Latin names.
    """
    shares = script_shares(text)
    if shares.kana + shares.kanji >= _MIN_CJK_SHARE and shares.hangul < shares.kana + shares.kanji:
        return "jpn"
    return "eng" if shares.latin > 0.5 else None


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in some encoding: next to no control characters."""
    text = decode(head).removeprefix("\ufeff").replace("\x1b", "")
    wrong = len(_UNPRINTABLE.findall(text)) + text.count("\ufffd")
    return bool(head) and wrong <= len(text) * _MAX_CONTROLS_SHARE


def decode(data: bytes) -> str:
    """Text from bytes of an unknown encoding; what fits no encoding becomes U+FFFD, nothing is raised."""
    return data.decode(_encoding(data), "replace")


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in sample:
        scores = {encoding: _as_wide(sample, encoding) for encoding in _WIDE_ENCODINGS}
        if max(scores.values()) >= _PLAUSIBLE:
            return max(scores, key=scores.__getitem__)
    if data.isascii():
        return "iso2022_jp_ext" if any(escape in data for escape in _JIS_ESCAPES) else "ascii"
    if _is_utf8(data):
        return "utf-8"
    telling = _LONG_ASCII.sub(rb"\1 \2", data)[:_TELLING_BYTES]
    scores = {encoding: _as_japanese(telling, encoding) for encoding in _JAPANESE_ENCODINGS}
    if max(scores.values()) >= _PLAUSIBLE:
        return max(scores, key=scores.__getitem__)
    return "cp1252" if _is_western(telling) else _guess(telling)


def _is_utf8(data: bytes) -> bool:
    """Valid, but for a last character cut in two or a wrong byte that some program put into a long log."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        foreign = len(_ASCII.sub("", text))
        wrong = text.count("\ufffd") - (text.endswith("\ufffd") and foreign > 1)
        return wrong * 20 <= foreign
    return True


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
    such characters directly behind an ASCII letter speak against this reading.
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
    """Kana, Japanese punctuation, full-width letters and digits."""
    return 0x3000 <= code <= 0x30FE or 0xFF01 <= code <= 0xFF5E


def _is_common_kanji(char: str) -> bool:
    """JIS X 0208 level 1 (the 2965 kanji of ordinary writing): rows 16 to 47."""
    return 0xB0 <= char.encode("euc_jp", "replace")[0] <= 0xCF


def _once(page: Page) -> Iterator[Page | int]:
    yield page


def _nothing_to_draw(number: int, _folder: Path) -> Path:
    raise OCRError(f"page {number} has its text already; there is nothing to draw", retry_allowed=False)


def _no_picture() -> Image.Image | None:
    return None

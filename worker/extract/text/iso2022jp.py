"""ISO-2022-JP: Japanese in seven bits, with escapes between the character sets.

Python has a codec for each of its editions, but none for what mail programs in Japan write under its name:
the signs and kanji that Microsoft added (①, ㈱, 髙). So the sets are told apart here, and pairs of bytes that
the standard leaves free are read as Microsoft reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_ESCAPE = re.compile(rb"\x1b(\$\([A-Z]|\$[@AB]|\([A-Z]|\.[A-Z])")
_PLANES: Mapping[bytes, str] = MappingProxyType(
    {
        b"$@": "iso2022_jp",  # JIS C 6226-1978, in which a few kanji were exchanged
        b"$B": "iso2022_jp",
        b"$(D": "iso2022_jp_1",  # the additional kanji of JIS X 0212
        b"$(O": "iso2022_jp_3",  # JIS X 0213:2000
        b"$(P": "iso2022_jp_2004",
        b"$(Q": "iso2022_jp_2004",  # JIS X 0213:2004
        b"$A": "iso2022_jp_2",  # Chinese
        b"$(A": "iso2022_jp_2",
        b"$(C": "iso2022_jp_2",  # Korean
    }
)
_KANA_SET = b"(I"
_UPPER_HALF = b".A"
"""Western letters, called one by one by escapes of their own (edition 2)."""


def is_jis(data: bytes) -> bool:
    """Whether ASCII-only data has an escape to a Japanese set."""
    return any(found[1] in _PLANES or found[1] == _KANA_SET for found in _ESCAPE.finditer(data))


def decode_jis(data: bytes) -> str:
    """The text of all sets; what fits none becomes U+FFFD, nothing is raised."""
    pieces: list[str] = []
    current, start = b"(B", 0
    if _UPPER_HALF in {found[1] for found in _ESCAPE.finditer(data)}:
        # Only the codec itself keeps track of two sets at once.
        return data.decode("iso2022_jp_2", "replace")
    for found in _ESCAPE.finditer(data):
        pieces.append(_segment(data[start : found.start()], current))
        current, start = found[1], found.end()
    pieces.append(_segment(data[start:], current))
    return "".join(pieces)


def _segment(data: bytes, charset: bytes) -> str:
    if charset == _KANA_SET:
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in data).decode(
            "cp932", "replace"
        )
    if charset not in _PLANES:
        return data.decode("ascii", "replace")
    # Some programs forget the escape back to ASCII before the end of a line, which the standard wants.
    lines = re.split(rb"([\r\n]+)", data)
    return "".join(
        part.decode("ascii", "replace") if number % 2 else _pairs(part, charset)
        for number, part in enumerate(lines)
    )


def _pairs(data: bytes, charset: bytes) -> str:
    codec = _PLANES[charset]
    try:
        return (b"\x1b" + charset + data + b"\x1b(B").decode(codec)
    except UnicodeDecodeError:
        if charset not in (b"$B", b"$@"):
            return (b"\x1b" + charset + data + b"\x1b(B").decode(codec, "replace")
    return b"".join(map(_as_shift_jis, _in_twos(data))).decode("cp932", "replace")


def _in_twos(data: bytes) -> list[bytes]:
    """Pairs of bytes; blanks and control characters, which are single, alone."""
    return re.findall(rb"[\x21-\x7e]{2}|.", data, re.DOTALL)


def _as_shift_jis(pair: bytes) -> bytes:
    """The same place in the table, in Shift_JIS's numbering (JIS X 0208, annex 1)."""
    if len(pair) == 1:
        return pair
    row, cell = pair
    lead = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    in_odd_row = cell + (0x1F if cell < 0x60 else 0x20)
    return bytes((lead, in_odd_row if row % 2 else cell + 0x7E))

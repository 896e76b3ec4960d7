"""ISO-2022-JP decoded: Japanese in seven bits, with escapes between the character sets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_ESCAPE = re.compile(rb"\x1b(\$\([A-Z]|\$[@AB]|\([A-Z]|\.[A-Z])")
# Python has a codec for each edition, but none for what Japanese mail programs write under the name: with the
# symbols and kanji that Microsoft added (①, ㈱, 髙). So every set is decoded by itself, and pairs of bytes
# that the standard leaves free are decoded as Microsoft does.
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
"""Western letters, each with an escape of its own (edition 2)."""


def is_jis(data: bytes) -> bool:
    """Whether ASCII-only data has an escape to a Japanese set."""
    return any(escape[1] in _PLANES or escape[1] == _KANA_SET for escape in _ESCAPE.finditer(data))


def decode_jis(data: bytes) -> str:
    """The text of all sets; what fits none becomes U+FFFD, nothing is raised."""
    pieces: list[str] = []
    current, start = b"(B", 0
    if _UPPER_HALF in {escape[1] for escape in _ESCAPE.finditer(data)}:
        # Only the codec keeps track of two sets at once.
        return data.decode("iso2022_jp_2", "replace")
    for escape in _ESCAPE.finditer(data):
        pieces.append(_decode_segment(data[start : escape.start()], current))
        current, start = escape[1], escape.end()
    pieces.append(_decode_segment(data[start:], current))
    return "".join(pieces)


def _decode_segment(data: bytes, charset: bytes) -> str:
    if charset == _KANA_SET:
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in data).decode(
            "cp932", "replace"
        )
    if charset not in _PLANES:
        return data.decode("ascii", "replace")
    # Some programs omit the escape back to ASCII before the end of a line, which the standard requires.
    lines = re.split(rb"([\r\n]+)", data)
    return "".join(
        part.decode("ascii", "replace") if number % 2 else _decode_pairs(part, charset)
        for number, part in enumerate(lines)
    )


def _decode_pairs(data: bytes, charset: bytes) -> str:
    codec = _PLANES[charset]
    try:
        return (b"\x1b" + charset + data + b"\x1b(B").decode(codec)
    except UnicodeDecodeError:
        if charset not in (b"$B", b"$@"):
            return (b"\x1b" + charset + data + b"\x1b(B").decode(codec, "replace")
    return b"".join(map(_to_shift_jis, _split_pairs(data))).decode("cp932", "replace")


def _split_pairs(data: bytes) -> list[bytes]:
    """Pairs of bytes; blanks and control characters are single."""
    return re.findall(rb"[\x21-\x7e]{2}|.", data, re.DOTALL)


def _to_shift_jis(pair: bytes) -> bytes:
    """The bytes of Shift_JIS for a cell of the table (JIS X 0208, annex 1)."""
    if len(pair) == 1:
        return pair
    row, cell = pair
    lead = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    in_odd_row = cell + (0x1F if cell < 0x60 else 0x20)
    return bytes((lead, in_odd_row if row % 2 else cell + 0x7E))

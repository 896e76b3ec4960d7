"""Log files in two encodings, since several programs wrote them, or with zero bytes that a crash left."""

from __future__ import annotations

import re

_ZERO_BLOCK = re.compile(rb"\0{512,}")
"""Blocks that were reserved and not written before a crash; formats padded with zeros have shorter runs."""
_CHAR_BYTES = 4
"""Of UTF-32. A multiple of it is removed, so that UTF-16 and UTF-32 stay aligned."""
_UTF8_KANA = re.compile(rb"(?:\xe3[\x81-\x83][\x80-\xbf]){2}")
"""Two kana in UTF-8; in Shift_JIS and EUC-JP the bytes are kanji that do not follow each other in text."""
_UTF8_WIDE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")


def drop_zero_blocks(data: bytes) -> bytes:
    """The data without long runs of zero bytes."""
    return _ZERO_BLOCK.sub(lambda run: b"\0" * (len(run[0]) % _CHAR_BYTES), data)


def lines_of_two_encodings(data: bytes) -> list[tuple[bytes, bool]] | None:
    """The lines, and whether each is in UTF-8; None where the data is in one encoding."""
    if b"\0" in data or not _UTF8_KANA.search(data) or _is_utf8(data):
        return None
    lines = [(line, line.isascii() or _is_utf8_line(line)) for line in data.split(b"\n")]
    return None if all(in_utf8 for _, in_utf8 in lines) else lines


def _is_utf8_line(line: bytes) -> bool:
    # A line with a stray byte or a truncated last character is in UTF-8 where two kana in a row prove it.
    return bool(_UTF8_KANA.search(line) or (_UTF8_WIDE.search(line) and _is_utf8(line)))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

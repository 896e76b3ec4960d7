"""Files not written in one piece: logs that several programs wrote, and places a crash left empty."""

from __future__ import annotations

import re

_LOST_BLOCK = re.compile(rb"\0{512,}")
"""What a crash leaves of a log, or what was reserved for one; formats padded with zeros have shorter runs."""
_LONGEST_UNIT = 4
"""Bytes of a character in UTF-32: a multiple of it goes, so that UTF-16 and UTF-32 stay in step."""
_UTF8_KANA = re.compile(rb"(?:\xe3[\x81-\x83][\x80-\xbf]){2}")
"""Two kana in UTF-8, which are kanji that nobody writes in a row in Shift_JIS and EUC-JP."""
_UTF8_WIDE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")


def without_lost_blocks(data: bytes) -> bytes:
    """The data without long runs of zero bytes."""
    return _LOST_BLOCK.sub(lambda run: b"\0" * (len(run[0]) % _LONGEST_UNIT), data)


def lines_of_two_encodings(data: bytes) -> list[tuple[bytes, bool]] | None:
    """The lines, and whether each is in UTF-8; None where the data is in one encoding.

    Lines with a wrong byte or a last character cut in two stay in UTF-8 where two kana in a row prove it.
    """
    if b"\0" in data or not _UTF8_KANA.search(data) or _is_utf8(data):
        return None
    lines = [(line, line.isascii() or _is_utf8_line(line)) for line in data.split(b"\n")]
    return None if all(in_utf8 for _, in_utf8 in lines) else lines


def _is_utf8_line(line: bytes) -> bool:
    return bool(_UTF8_KANA.search(line) or (_UTF8_WIDE.search(line) and _is_utf8(line)))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

"""Files that stand in the text of a mail in uuencode, as older programs attached them."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

_BLOCK = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,500})\r?\n((?:[\x20-\x60]{1,100}\r?\n)+?)"
    rb"(?:\r?\n)?end[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UuencodedFile:
    """A file in a text, with the bytes of its name."""

    name: bytes
    data: bytes


def split_uuencoded(text: bytes) -> tuple[bytes, list[UuencodedFile]]:
    """The text without the files in it, and these; a block that is none stays text."""
    files: list[UuencodedFile] = []
    if b"begin " not in text:
        return text, files

    def take(block: re.Match[bytes]) -> bytes:
        try:
            data = b"".join(map(_line, block[2].splitlines()))
        except binascii.Error:
            return block[0]
        files.append(UuencodedFile(name=block[1].strip(), data=data))
        return b""

    return _BLOCK.sub(take, text), files


def _line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some programs add a character to each line, and others leave blanks at its end out.
        size = ((line[0] - 32) & 63) * 4 + 2
        return binascii.a2b_uu(line[: 1 + size // 3].ljust(1 + size // 3))

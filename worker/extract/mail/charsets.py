"""Text of mails in encodings whose bytes are all ASCII, and say nothing without the declaration."""

from __future__ import annotations

from worker.extract.text.charset import decode

_SEVEN_BIT = {
    "utf-7": "utf-7",
    "utf7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-2-0-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "hz-gb-2312": "hz",
    "iso-2022-kr": "iso2022_kr",
}


def decode_declared(data: bytes, declared: str | None) -> str:
    """Text from bytes that are said to be in an encoding; see `decode`."""
    codec = _SEVEN_BIT.get((declared or "").lower())
    if codec is not None and data.isascii():
        try:
            return data.decode(codec)
        except UnicodeDecodeError:  # the declaration is wrong, too
            pass
    return decode(data, declared)

"""A document of Word 95 with a deletion by a tracked change: no program writes such files any more."""

from __future__ import annotations

import struct

from worker.extract.office.objects.compound_file import compound_file

_TEXT_AT, _PAGE = 0x600, 512
_CHARACTERS, _PARAGRAPHS, _SECTIONS, _PROPERTIES = 12, 13, 6, 31
_DELETED = bytes([2, 0x41, 1])
_SHOWN = 0x18


def word_95_file(before: str, deleted: str, behind: str) -> bytes:
    """A file of one paragraph, whose changes are shown on screen and paper."""
    text = f"{before}{deleted}{behind}\r".encode("ascii")
    end = _TEXT_AT + len(text)
    stream = bytearray(0x1600)
    struct.pack_into("<HHH", stream, 0, 0xA5DC, 104, 0x413C)
    struct.pack_into("<II", stream, 0x18, _TEXT_AT, end)
    struct.pack_into("<I", stream, 0x34, len(text))
    stream[_TEXT_AT:end] = text
    start = _TEXT_AT + len(before)
    _put_page(stream, 4, (_TEXT_AT, start, start + len(deleted), end), {1: _DELETED}, entry_bytes=1)
    _put_page(stream, 5, (_TEXT_AT, end), {0: bytes([1, 0, 0])}, entry_bytes=7)
    _put_table(stream, _CHARACTERS, 0x1000, struct.pack("<IIH", _TEXT_AT, end, 4))
    _put_table(stream, _PARAGRAPHS, 0x1020, struct.pack("<IIH", _TEXT_AT, end, 5))
    _put_table(stream, _SECTIONS, 0x1040, struct.pack("<IIHIHI", 0, len(text), 0, 2**32 - 1, 0, 2**32 - 1))
    _put_table(stream, _PROPERTIES, 0x1060, bytes(7) + bytes([_SHOWN]) + bytes(76))
    return compound_file({("WordDocument",): bytes(stream)})


def _put_page(
    stream: bytearray, number: int, limits: tuple[int, ...], formats: dict[int, bytes], *, entry_bytes: int
) -> None:
    """A page of formats: the limits of runs, for each the half of the place of its format, and the count."""
    page = bytearray(_PAGE)
    struct.pack_into(f"<{len(limits)}I", page, 0, *limits)
    for run, properties in formats.items():
        at = 200 + 20 * run
        page[at : at + len(properties)] = properties
        page[4 * len(limits) + entry_bytes * run] = at // 2
    page[-1] = len(limits) - 1
    stream[_PAGE * number : _PAGE * (number + 1)] = page


def _put_table(stream: bytearray, number: int, at: int, data: bytes) -> None:
    struct.pack_into("<II", stream, 0x58 + 8 * number, at, len(data))
    stream[at : at + len(data)] = data

"""Streams of Excel's older formats (BIFF): sheets that are no container, and results of formulas."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_BOF_LENGTHS = {0x0009: (2, 4), 0x0209: (3, 6), 0x0409: (4, 6), 0x0809: (5, 8)}
"""By the number of the first record: the version, and the least bytes of that record."""
_KINDS = frozenset({0x0005, 0x0010, 0x0020, 0x0040, 0x0100})
_MAX_BOF_BYTES = 16
_FORMULA, _NUMBER = 0x0006, 0x0203
_RESULT_AT, _TOKENS_AT = 6, 22
_NO_NUMBER = b"\xff\xff"
"""The last bytes of a result that is a text, a truth value or an error."""
_OF_THE_MOMENT = tuple(
    bytes([token]) + struct.pack("<H", function)
    for token in (0x21, 0x41, 0x61)
    for function in (63, 74, 221)  # RAND, NOW, TODAY
)


def biff_version(head: bytes) -> int:
    """The version of a stream that is a file of its own (2 to 5), 0 where it is none."""
    if len(head) < 8:
        return 0
    record, length, _, kind = struct.unpack_from("<HHHH", head)
    version, least = _BOF_LENGTHS.get(record, (0, 0))
    return version if version and least <= length <= _MAX_BOF_BYTES and kind in _KINDS else 0


def keep_results(stream: bytes) -> bytes:
    """A stream of BIFF8 in which results of the formulas of the moment are numbers, so that they stay.

    Else each conversion would have the day and the time when it was made.
    """
    changed = bytearray(stream)
    for at, kind, length in _records(stream):
        if kind != _FORMULA or length <= _TOKENS_AT:
            continue
        body = stream[at + 4 : at + 4 + length]
        is_number = body[_RESULT_AT + 6 : _RESULT_AT + 8] != _NO_NUMBER
        if is_number and any(token in body[_TOKENS_AT:] for token in _OF_THE_MOMENT):
            struct.pack_into("<H", changed, at, _NUMBER)
    return bytes(changed)


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Place, kind and length of each record."""
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, length
        at += 4 + length

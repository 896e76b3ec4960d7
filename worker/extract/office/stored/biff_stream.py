"""Streams of Excel's older formats (BIFF): sheets that are no container, and results of formulas."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

_BOF_LENGTHS = {0x0009: (2, 4), 0x0209: (3, 6), 0x0409: (4, 6), 0x0809: (5, 8)}
"""By the number of the first record: the version, and the least bytes of that record."""
_KINDS = frozenset({0x0005, 0x0010, 0x0020, 0x0040, 0x0100})
_MAX_BOF_BYTES = 16
_FORMULAS = frozenset({0x0006, 0x0206, 0x0406})
_SHARED = frozenset({0x04BC, 0x0221, 0x0236})
"""Formulas of several cells, behind that of the first; and what-if tables."""
_NAMES = frozenset({0x0018, 0x0218, 0x0023})
_NUMBER, _LABEL, _TRUTH_OR_ERROR, _EMPTY, _STRING = 0x0203, 0x0204, 0x0205, 0x0201, 0x0207
_CONTINUED, _IGNORED = 0x003C, 0x0FFF
_CELL_BYTES, _TOKENS_AT, _MAX_BODY, _MAX_BEHIND = 6, 16, 8224, 6
_NO_NUMBER = b"\xff\xff"
"""The last bytes of a result that is none; its first is 0 for a text, which is in the next record."""
_TEXT, _TRUTH, _ERROR = 0, 1, 2
_OLDEST_WITH_THESE_CELLS, _IN_CONTAINERS = 3, 8
OF_THE_MOMENT = re.compile(
    # RAND, NOW, TODAY, INFO; RANDBETWEEN; CELL, which has a count of arguments.
    rb"[\x21\x41\x61](?:[\x3f\x4a\xdd\xf4]\0|\xd0\x01)|[\x22\x42\x62].\x7d\0|RANDBETWEEN",
    re.DOTALL,
)
"""The functions in the tokens of a formula, in this format as in that of xlsb."""

_Record = tuple[int, int, int]
"""Place, kind and length."""


def biff_version(head: bytes) -> int:
    """The version of a stream that is a file of its own (2 to 5), 0 where it is none."""
    if len(head) < 8:
        return 0
    record, length, _, kind = struct.unpack_from("<HHHH", head)
    version, least = _BOF_LENGTHS.get(record, (0, 0))
    return version if version and least <= length <= _MAX_BOF_BYTES and kind in _KINDS else 0


def keep_results(stream: bytes) -> bytes:
    """A stream of the same length in which the results of formulas stand in place of the formulas.

    Else each conversion would have the day and the time when it was made, also where a formula has a name, or
    cells share it. A workbook without such formulas stays as it is: programs write some without results.
    """
    version = _version(stream)
    if version < _OLDEST_WITH_THESE_CELLS or (version == _IN_CONTAINERS and not _has_moment(stream)):
        return stream
    changed = bytearray(stream)
    for at, kind, length in _records(stream):
        if kind in _FORMULAS and length > _TOKENS_AT:
            _keep_result(changed, stream, at)
    return bytes(changed)


def _has_moment(stream: bytes) -> bool:
    """Whether a formula, or a name, is of the moment."""
    with_formulas = _FORMULAS | _SHARED | _NAMES
    return any(
        OF_THE_MOMENT.search(stream, at + 4, at + 4 + length)
        for at, kind, length in _records(stream)
        if kind in with_formulas
    )


def _keep_result(changed: bytearray, stream: bytes, at: int) -> None:
    """Make a cell of a formula one of its result; a text of several records, a long one, stays a formula."""
    result = stream[at + 4 + _CELL_BYTES : at + 12 + _CELL_BYTES]
    behind = list(islice(_records(stream, at), _MAX_BEHIND))[1:]
    shared = list(takewhile(lambda record: record[1] in _SHARED, behind))
    if result.endswith(_NO_NUMBER) and result[0] == _TEXT:
        _keep_text(changed, stream, at, behind[len(shared) :])
        return
    if not result.endswith(_NO_NUMBER):
        struct.pack_into("<H", changed, at, _NUMBER)
    elif result[0] in (_TRUTH, _ERROR):
        struct.pack_into("<H", changed, at, _TRUTH_OR_ERROR)
        changed[at + 4 + _CELL_BYTES : at + 6 + _CELL_BYTES] = bytes([result[2], result[0] == _ERROR])
    else:
        struct.pack_into("<H", changed, at, _EMPTY)
    for place, _, _ in shared:
        struct.pack_into("<H", changed, place, _IGNORED)


def _keep_text(changed: bytearray, stream: bytes, at: int, behind: Sequence[_Record]) -> None:
    """Write a cell of a text over the records of its formula and of the text behind that."""
    kinds = [kind for _, kind, _ in behind]
    if kinds[:1] != [_STRING] or kinds[1:2] == [_CONTINUED]:
        return
    text_at, _, length = behind[0]
    end = text_at + 4 + length
    cell = stream[at + 4 : at + 4 + _CELL_BYTES] + stream[text_at + 4 : end]
    written = struct.pack("<HH", _LABEL, len(cell)) + cell
    while rest := end - at - len(written):
        # What remains has room for a head.
        size = rest - 4 if rest - 4 <= _MAX_BODY else _MAX_BODY - 4
        written += struct.pack("<HH", _IGNORED, size) + bytes(size)
    changed[at:end] = written


def _version(stream: bytes) -> int:
    """The version of any stream: that of containers has a number of its own."""
    is_newest = stream[:2] == b"\x09\x08" and stream[4:6] == b"\0\x06"
    return _IN_CONTAINERS if is_newest else biff_version(stream)


def _records(stream: bytes, at: int = 0) -> Iterator[_Record]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if at + 4 + length > len(stream):
            return
        yield at, kind, length
        at += 4 + length

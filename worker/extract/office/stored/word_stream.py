"""The tables of a Word file: deleted text hidden, and fields with the results that they were saved with.

LibreOffice shows tracked deletions where the file says so, and writes the moment of the conversion into
fields of date and time ([MS-DOC] 2.5, 2.7, 2.8.25).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_FLAGS_AT, _SECOND_TABLE = 10, 0x0200
_FIRST_VERSION, _OLD_VERSIONS = 193, range(101, 105)
_PLACES_AT, _OLD_PLACES_AT = 154, 0x58
_PROPERTIES = 31
_FIELDS = (16, 17, 18, 19, 48, 57, 59)
"""Of the body, headers, footnotes, comments, endnotes, text boxes, and text boxes in headers."""
_OLD_FIELDS = (16, 17, 18, 19)
"""Of the first four; behind them the order of the tables is another in Word 6 and 95."""
_SHOWN_AT = 7
_SHOWN = 0x08 | 0x10
"""Whether changes are shown on the screen, and on paper."""
_BEGIN = 0x13
_OF_THE_MOMENT = frozenset({29, 31, 32})
"""FILENAME, DATE, TIME."""
_QUOTE = 35
"""Of such a field LibreOffice takes the result that was saved."""


def table_name(head: bytes) -> str:
    """The stream with the tables of a document; "" for older versions, which have none."""
    if len(head) < _PLACES_AT or struct.unpack_from("<H", head, 2)[0] < _FIRST_VERSION:
        return ""
    return "1Table" if struct.unpack_from("<H", head, _FLAGS_AT)[0] & _SECOND_TABLE else "0Table"


def change_table(head: bytes, table: bytes) -> bytes:
    """The table stream of the document that begins with `head`, changed."""
    return _change(head, table, places_at=_PLACES_AT, fields=_FIELDS)


def change_old(stream: bytes) -> bytes:
    """The whole stream of a document of Word 6 or 95, whose tables are in it, changed."""
    if len(stream) < _OLD_PLACES_AT or struct.unpack_from("<H", stream, 2)[0] not in _OLD_VERSIONS:
        return stream
    return _change(stream, stream, places_at=_OLD_PLACES_AT, fields=_OLD_FIELDS)


def _change(head: bytes, table: bytes, *, places_at: int, fields: Sequence[int]) -> bytes:
    changed = bytearray(table)
    at, length = _place(head, places_at + 8 * _PROPERTIES)
    if length > _SHOWN_AT and at + length <= len(table):
        changed[at + _SHOWN_AT] &= ~_SHOWN & 0xFF
    for field in fields:
        for kind_at in _kinds(table, *_place(head, places_at + 8 * field)):
            if table[kind_at - 1] & 0x1F == _BEGIN and table[kind_at] in _OF_THE_MOMENT:
                changed[kind_at] = _QUOTE
    return bytes(changed)


def _place(head: bytes, at: int) -> tuple[int, int]:
    """Where a table is, and its length."""
    if at + 8 > len(head):
        return 0, 0
    start, length = struct.unpack_from("<II", head, at)
    return int(start), int(length)


def _kinds(table: bytes, at: int, length: int) -> Iterator[int]:
    """The places of the kinds of fields: n + 1 positions in the text, then two bytes for each."""
    count = (length - 4) // 6
    if count > 0 and at + length <= len(table):
        first = at + 4 * (count + 1)
        yield from range(first + 1, first + 2 * count, 2)

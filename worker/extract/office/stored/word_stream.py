"""The tables of a Word 97 file: deleted text hidden, and fields with the results that they were saved with.

LibreOffice shows tracked deletions where the file says so, and writes the moment of the conversion into
fields of date and time ([MS-DOC] 2.5, 2.7, 2.8.25).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_FLAGS_AT, _SECOND_TABLE = 10, 0x0200
_FIRST_VERSION = 193
_PLACES_AT = 154
_PROPERTIES = 31
_FIELDS = (16, 17, 18, 19, 48, 57, 59)
"""Of the body, headers, footnotes, comments, endnotes, text boxes, and text boxes in headers."""
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
    changed = bytearray(table)
    at, length = _place(head, _PROPERTIES)
    if length > _SHOWN_AT and at + length <= len(table):
        changed[at + _SHOWN_AT] &= ~_SHOWN & 0xFF
    for place in _FIELDS:
        for kind_at in _kinds(table, *_place(head, place)):
            if table[kind_at - 1] & 0x1F == _BEGIN and table[kind_at] in _OF_THE_MOMENT:
                changed[kind_at] = _QUOTE
    return bytes(changed)


def _place(head: bytes, number: int) -> tuple[int, int]:
    """Where a table is, and its length."""
    at = _PLACES_AT + 8 * number
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

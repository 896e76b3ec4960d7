"""Binary workbooks (xlsb): results of formulas in place of the formulas ([MS-XLSB] 2.1.4, 2.4)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from zipfile import ZIP_STORED, ZipFile

from worker.extract.office.stored.biff_stream import OF_THE_MOMENT

_PARTS = re.compile(r"xl/(?:workbook|(?:[^/]+/)?sheet[^/]*)\.bin", re.IGNORECASE)
_TEXT, _NUMBER, _TRUTH, _ERROR = 8, 9, 10, 11
_CONSTANTS: Mapping[int, int] = MappingProxyType({_TEXT: 6, _NUMBER: 5, _TRUTH: 4, _ERROR: 3})
"""The record of a constant for each of a formula; both begin with the cell and the value."""
_CELL_BYTES = 8
_VALUE_BYTES: Mapping[int, int] = MappingProxyType({_NUMBER: 8, _TRUTH: 1, _ERROR: 1})
_SHARED = frozenset({426, 427, 428})
"""Formulas of several cells, behind that of the first; and what-if tables."""
_DEFINED_NAME = 39
_WITH_FORMULAS = _CONSTANTS.keys() | _SHARED | {_DEFINED_NAME}
_MAX_SIZE_BYTES = 4
# Larger parts are converted as they are: they would be twice in memory.
_MAX_BYTES = 256 * 1024**2

_Record = tuple[int, int, int, int]
"""Where it and its content begin, its number, and the size of the content."""


def write_results(path: Path, target: Path) -> bool:
    """Write the same workbook with results only; False where no formula depends on the moment.

    Raises what `ooxml_package.UNREADABLE` names.
    """
    with ZipFile(path) as archive:
        members = [each for each in archive.infolist() if _PARTS.fullmatch(each.filename)]
        if sum(each.file_size for each in members) > _MAX_BYTES:
            return False
        parts = {each.filename: archive.read(each) for each in members}
        if not any(map(_has_moment, parts.values())):
            return False
        with ZipFile(target, "w", ZIP_STORED) as copy:
            for member in archive.infolist():
                name = member.filename
                copy.writestr(name, _with_results(parts[name]) if name in parts else archive.read(member))
    return True


def _has_moment(part: bytes) -> bool:
    return any(
        OF_THE_MOMENT.search(part, content, content + size)
        for _, content, kind, size in _records(part)
        if kind in _WITH_FORMULAS
    )


def _with_results(part: bytes) -> bytes:
    pieces: list[bytes] = []
    kept_to = 0
    for start, content, kind, size in _records(part):
        if kind not in _CONSTANTS and kind not in _SHARED:
            continue
        length = _cell_bytes(part, content, kind)
        if length > size:
            continue
        pieces.append(part[kept_to:start])
        kept_to = content + size
        if kind in _CONSTANTS:
            # Numbers and sizes up to 127 are one byte; longer sizes are written seven bits a byte.
            pieces += [bytes([_CONSTANTS[kind]]), _size(length), part[content : content + length]]
    return b"".join((*pieces, part[kept_to:]))


def _cell_bytes(part: bytes, content: int, kind: int) -> int:
    """How long the cell and its value are in a record."""
    if kind != _TEXT:
        return _CELL_BYTES + _VALUE_BYTES.get(kind, 0)
    if content + _CELL_BYTES + 4 > len(part):
        return len(part)
    (chars,) = struct.unpack_from("<I", part, content + _CELL_BYTES)
    return _CELL_BYTES + 4 + 2 * int(chars)


def _records(part: bytes) -> Iterator[_Record]:
    """Every whole record: its number takes one or two bytes, its size up to four, of seven bits each."""
    at = 0
    while at < len(part):
        start, kind = at, part[at]
        at += 1
        if kind & 0x80 and at < len(part):
            kind = kind & 0x7F | (part[at] & 0x7F) << 7
            at += 1
        size = 0
        for place in range(_MAX_SIZE_BYTES):
            if at >= len(part):
                return
            byte = part[at]
            at += 1
            size |= (byte & 0x7F) << 7 * place
            if not byte & 0x80:
                break
        if at + size > len(part):
            return
        yield start, at, kind, size
        at += size


def _size(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])

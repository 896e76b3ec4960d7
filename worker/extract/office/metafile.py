"""Text of Windows metafiles (EMF, EMF+, WMF): charts and diagrams pasted into Office files.

A metafile is a list of drawing records, some of which hold text, so no OCR is needed ([MS-EMF] 2.3.5 and
2.2.5, [MS-EMFPLUS] 2.3.4, [MS-WMF] 2.3.3). Text drawn as glyph numbers is lost.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from worker.extract.text.charset import decode
from worker.extract.text.normalise import clean

_MAX_BYTES = 64 * 1024**2
_GZIP = b"\x1f\x8b\x08"
_GZIP_WINDOW = 31
_EMF_SIGNATURE, _EMF_SIGNATURE_AT = b" EMF", 40
_EMF_COMMENT, _EMF_SMALL_TEXT = 70, 108
# EMR_EXTTEXTOUTA and EMR_EXTTEXTOUTW, with the bytes of a character.
_EMF_TEXTS = {83: 1, 84: 2}
_GLYPHS, _NO_RECTANGLE, _SMALL_CHARS = 0x10, 0x100, 0x200
_PLUS_SIGNATURE = b"EMF+"
_PLUS_STRING, _PLUS_DRIVER_STRING = 0x401C, 0x4036
_PLUS_IS_UNICODE = 0x1
_WMF_PLACEABLE, _WMF_PLACEABLE_BYTES = b"\xd7\xcd\xc6\x9a", 22
_WMF_HEADER_BYTES = 18
_WMF_TEXT, _WMF_EXTENDED_TEXT = 0x0521, 0x0A32
_WMF_OPAQUE_OR_CLIPPED = 0x6
_WMF_FONT, _WMF_CHARSET_AT = 0x02FB, 13
# Character sets of fonts ([MS-WMF] 2.1.1.5); the encoding of others is detected.
_CHARSETS = {128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 204: "cp1251"}
# Records with text that are read of one metafile; a drawing has some hundred.
_MAX_WORDS = 100_000
# Of a character's width: a wider gap separates words.
_GAP = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The text of one record, where it begins and ends (None: unknown), and its height."""

    text: str
    x: float
    y: float
    end_x: float | None = None
    height: float = 0.0


def metafile_text(data: bytes) -> str | None:
    """The text in drawing order, a line for each height; None where it is no metafile.

    Compressed ones (EMZ, WMZ) are decompressed. Text before a damaged record is kept.
    """
    if data.startswith(_GZIP):
        try:
            data = zlib.decompressobj(_GZIP_WINDOW).decompress(data, _MAX_BYTES)
        except zlib.error:
            return None
    if data[_EMF_SIGNATURE_AT : _EMF_SIGNATURE_AT + len(_EMF_SIGNATURE)] == _EMF_SIGNATURE:
        words = _limit(_emf_words(data)) or _limit(_plus_words(data))
    elif data.startswith(_WMF_PLACEABLE):
        words = _limit(_wmf_words(data[_WMF_PLACEABLE_BYTES:]))
    elif data[:4] in (b"\x01\x00\x09\x00", b"\x02\x00\x09\x00"):
        words = _limit(_wmf_words(data))
    else:
        return None
    return clean(_join_lines(words))


def _limit(words: Iterator[_Words]) -> list[_Words]:
    return list(islice(words, _MAX_WORDS))


def _emf_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and bytes (without the eight of type and size) of each record."""
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, place)
        if size < 8 or size % 4:
            return
        yield kind, data[place + 8 : place + size]
        place += size


def _emf_words(data: bytes) -> Iterator[_Words]:
    for kind, record in _emf_records(data):
        if kind in _EMF_TEXTS and len(record) >= 68:
            words = _emf_text(record, _EMF_TEXTS[kind])
        elif kind == _EMF_SMALL_TEXT and len(record) >= 28:
            words = _emf_small_text(record)
        else:
            continue
        if words is not None and words.text.strip():
            yield words


def _emf_text(record: bytes, char_bytes: int) -> _Words | None:
    x, y, count, offset, options = struct.unpack_from("<iiIII", record, 28)
    (distances_at,) = struct.unpack_from("<I", record, 64)
    raw = record[offset - 8 : offset - 8 + count * char_bytes]
    if options & _GLYPHS or offset < 76 or not raw:
        return None
    text = _characters(raw, char_bytes)
    left, top, right, bottom = struct.unpack_from("<iiii", record)
    if right > left and bottom > top:
        return _Words(text=text, x=left, y=(top + bottom) / 2, end_x=right, height=bottom - top)
    end_x = None
    if 76 <= distances_at <= len(record) + 8 - 4 * count:
        end_x = x + sum(struct.unpack_from(f"<{count}i", record, distances_at - 8))
    return _Words(text=text, x=x, y=y, end_x=end_x)


def _emf_small_text(record: bytes) -> _Words | None:
    x, y, count, options = struct.unpack_from("<iiII", record)
    char_bytes = 1 if options & _SMALL_CHARS else 2
    begin = 28 if options & _NO_RECTANGLE else 44
    raw = record[begin : begin + count * char_bytes]
    return None if options & _GLYPHS else _Words(text=_characters(raw, char_bytes), x=x, y=y)


def _characters(raw: bytes, char_bytes: int) -> str:
    return decode(raw) if char_bytes == 1 else raw.decode("utf-16-le", "replace")


def _plus_words(data: bytes) -> Iterator[_Words]:
    """The text of EMF+ records, which are inside comment records of EMF."""
    for kind, record in _emf_records(data):
        if kind != _EMF_COMMENT or record[4:8] != _PLUS_SIGNATURE:
            continue
        place = 8
        while place + 12 <= len(record):
            plus, _, size, data_bytes = struct.unpack_from("<HHII", record, place)
            if size < 12:
                break
            # The stated length is cut at the record: else many small ones could all hold the same megabytes.
            words = _plus_text(plus, record[place + 12 : place + min(size, 12 + data_bytes)])
            if words is not None and words.text.strip():
                yield words
            place += size


def _plus_text(kind: int, record: bytes) -> _Words | None:
    if kind == _PLUS_STRING and len(record) >= 28:
        (count,) = struct.unpack_from("<I", record, 8)
        x, y = struct.unpack_from("<ff", record, 12)
        return _Words(text=record[28 : 28 + 2 * count].decode("utf-16-le", "replace"), x=x, y=y)
    if kind == _PLUS_DRIVER_STRING and len(record) >= 16:
        options, _, count = struct.unpack_from("<III", record, 4)
        places_at = 16 + 2 * count
        if options & _PLUS_IS_UNICODE and len(record) >= places_at + 8:
            x, y = struct.unpack_from("<ff", record, places_at)
            return _Words(text=record[16:places_at].decode("utf-16-le", "replace"), x=x, y=y)
    return None


def _wmf_words(data: bytes) -> Iterator[_Words]:
    place, charset = _WMF_HEADER_BYTES, None
    while place + 6 <= len(data):
        words, kind = struct.unpack_from("<IH", data, place)
        if words < 3:
            return
        record = data[place + 6 : place + 2 * words]
        if kind == _WMF_FONT and len(record) > _WMF_CHARSET_AT:
            charset = _CHARSETS.get(record[_WMF_CHARSET_AT])  # text is drawn with the font created last
        found = _wmf_text(kind, record, charset)
        if found is not None and found.text.strip():
            yield found
        place += 2 * words


def _wmf_text(kind: int, record: bytes, charset: str | None) -> _Words | None:
    if kind == _WMF_EXTENDED_TEXT and len(record) >= 8:
        y, x, count, options = struct.unpack_from("<hhHH", record)
        begin = 16 if options & _WMF_OPAQUE_OR_CLIPPED else 8
        raw, distances = record[begin : begin + count], record[begin + count + count % 2 :]
        end_x = x + sum(struct.unpack_from(f"<{count}h", distances)) if len(distances) >= 2 * count else None
        return None if options & _GLYPHS else _Words(text=_decode(raw, charset), x=x, y=y, end_x=end_x)
    if kind == _WMF_TEXT and len(record) >= 2:
        (count,) = struct.unpack_from("<H", record)
        after = 2 + count + count % 2
        if len(record) >= after + 4:
            y, x = struct.unpack_from("<hh", record, after)
            return _Words(text=_decode(record[2 : 2 + count], charset), x=x, y=y)
    return None


def _decode(raw: bytes, charset: str | None) -> str:
    return raw.decode(charset, "replace") if charset else decode(raw)


def _join_lines(words: list[_Words]) -> str:
    """Words at the same height form a line, with spaces where there are gaps."""
    pieces: list[str] = []
    before: _Words | None = None
    for found in words:
        if before is not None:
            pieces.append(_separator(before, found))
        pieces.append(found.text)
        before = found
    return "".join(pieces)


def _separator(before: _Words, found: _Words) -> str:
    if abs(before.y - found.y) > max(before.height, found.height) / 2:
        return "\n"
    if before.text[-1].isspace() or found.text[0].isspace():
        return ""
    if before.end_x is None or before.end_x <= before.x:
        return " "
    char_width = (before.end_x - before.x) / len(before.text)
    return "" if abs(found.x - before.end_x) < _GAP * char_width else " "

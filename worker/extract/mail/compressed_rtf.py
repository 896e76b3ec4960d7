"""RTF as Outlook compresses it ([MS-OXRTFCP])."""

from __future__ import annotations

import struct

_COMPRESSED, _STORED = 0x75465A4C, 0x414C454D
_HEADER = "<IIII"
_WINDOW_BYTES = 4096
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompress_rtf(data: bytes) -> bytes:
    """The RTF. Raises ValueError for what is none; of a truncated one the start is returned."""
    size = struct.calcsize(_HEADER)
    if len(data) < size:
        raise ValueError("the RTF is truncated")
    _, raw_bytes, kind, _ = struct.unpack_from(_HEADER, data)
    if kind == _STORED:
        return data[size : size + raw_bytes]
    if kind != _COMPRESSED:
        raise ValueError("the RTF is compressed in an unknown way")
    return _unpack(data[size:], raw_bytes)


def _unpack(data: bytes, most_bytes: int) -> bytes:
    """Runs of eight tokens after a byte that says of each whether it is a reference into the window."""
    window = bytearray(_DICTIONARY.ljust(_WINDOW_BYTES, b"\0"))
    write_at, at = len(_DICTIONARY), 0
    output = bytearray()
    while at < len(data) and len(output) < most_bytes:
        flags, at = data[at], at + 1
        for bit in range(8):
            is_reference = flags >> bit & 1
            token = data[at : at + 1 + is_reference]
            at += len(token)
            if len(token) <= is_reference:
                return bytes(output)
            if not is_reference:
                output += token
                window[write_at] = token[0]
                write_at = (write_at + 1) % _WINDOW_BYTES
                continue
            (pair,) = struct.unpack(">H", token)
            read_at, length = pair >> 4, (pair & 0xF) + 2
            if read_at == write_at:
                return bytes(output)
            for _ in range(length):
                byte = window[read_at]
                read_at = (read_at + 1) % _WINDOW_BYTES
                output.append(byte)
                window[write_at] = byte
                write_at = (write_at + 1) % _WINDOW_BYTES
    return bytes(output)

"""What programs put whole mails or their files into: winmail.dat, and blocks of S/MIME."""

from __future__ import annotations

import struct

SIGNED, ENVELOPED = "2a864886f70d010702", "2a864886f70d010703"
_DATA = "2a864886f70d010701"
_MESSAGE, _ATTACHMENT = 1, 2


def winmail(*files: tuple[str, bytes], text: bytes = b"", properties: bytes = b"") -> bytes:
    """A winmail.dat with these files; `properties` are those of the first, in the form of MAPI."""
    parts = [b"\x78\x9f\x3e\x22\x01\x00", _attribute(_MESSAGE, 0x0001_8004, "件名".encode("cp932") + b"\0")]
    if text:
        parts.append(_attribute(_MESSAGE, 0x0002_800C, text + b"\0"))
    for number, (name, data) in enumerate(files):
        parts.append(_attribute(_ATTACHMENT, 0x0006_9002, bytes(14)))
        parts.append(_attribute(_ATTACHMENT, 0x0001_8010, name.encode("cp932") + b"\0"))
        parts.append(_attribute(_ATTACHMENT, 0x0006_800F, data))
        if properties and not number:
            parts.append(_attribute(_ATTACHMENT, 0x0006_9005, properties))
    return b"".join(parts)


def _attribute(level: int, tag: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def mapi_text(name: int, text: str) -> bytes:
    """A property in Unicode."""
    data = text.encode("utf-16-le") + b"\0\0"
    return struct.pack("<HHII", 0x1F, name, 1, len(data)) + data.ljust((len(data) + 3) // 4 * 4, b"\0")


def mapi_object(name: int, data: bytes) -> bytes:
    """A property that is an object, after its class."""
    value = bytes(16) + data
    return struct.pack("<HHII", 0x0D, name, 1, len(value)) + value.ljust((len(value) + 3) // 4 * 4, b"\0")


def mapi(*properties: bytes) -> bytes:
    """A list of properties."""
    return struct.pack("<I", len(properties)) + b"".join(properties)


def block(kind: str, content: bytes | None = None, *, is_in_pieces: bool = False) -> bytes:
    """A message of CMS with this content; in pieces its lengths are not said, as by programs that stream."""
    wrap = _open if is_in_pieces else _sized
    signed = wrap(0xA0, wrap(0x24, _sized(4, content[:5]) + _sized(4, content[5:]))) if content else b""
    if content and not is_in_pieces:
        signed = wrap(0xA0, _sized(4, content))
    data = wrap(0x30, _sized(6, bytes.fromhex(_DATA)) + signed)
    inner = wrap(0x30, _sized(2, b"\1") + _sized(0x31, b"") + data + _sized(0x31, b""))
    return wrap(0x30, _sized(6, bytes.fromhex(kind)) + wrap(0xA0, inner))


def _sized(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + body


def _open(tag: int, body: bytes) -> bytes:
    return bytes([tag, 0x80]) + body + b"\0\0"

"""winmail.dat, in which Outlook packs the attached files of a mail ([MS-OXTNEF])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from worker.extract.text.charset import decode

SIGNATURE = b"\x78\x9f\x3e\x22"
_HEADER_BYTES = 6
_SUBJECT, _BODY = 0x0001_8004, 0x0002_800C
_BEGINS_FILE, _TITLE, _DATA = 0x0006_9002, 0x0001_8010, 0x0006_800F
_PROPERTIES, _FILE_PROPERTIES = 0x0006_9003, 0x0006_9005

_LONG_NAME, _SHOWN_NAME, _OBJECT = 0x3707, 0x3001, 0x3701
_PLAIN, _HTML = 0x1000, 0x1013
_STRING, _UNICODE, _BINARY, _IS_OBJECT, _MULTIPLE = 0x1E, 0x1F, 0x102, 0x0D, 0x1000
_FIXED = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x0A, 0x0B), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
}
_NAMED_FROM, _GUID_BYTES = 0x8000, 16
_MAX_DEPTH, _MAX_VALUES = 5, 10_000


@dataclass(kw_only=True, slots=True)
class PackedFile:
    """One attached file."""

    name: str = ""
    data: bytes = b""


@dataclass(kw_only=True, slots=True)
class PackedMail:
    """What is packed: `text` and `html` are the body, which the mail around it mostly has, too."""

    subject: str = ""
    text: str = ""
    html: bytes = b""
    files: list[PackedFile] = field(default_factory=list)


def unpack_tnef(data: bytes, *, depth: int = 0) -> PackedMail:
    """The files, and those of mails within it. Raises ValueError where it is damaged."""
    if not data.startswith(SIGNATURE) or depth > _MAX_DEPTH:
        raise ValueError("not a packed mail")
    mail = PackedMail()
    try:
        for tag, value in _attributes(data):
            _take(mail, tag, value, depth=depth)
    except (struct.error, IndexError) as error:
        raise ValueError(f"a packed mail that is damaged ({error})") from error
    mail.files = [each for each in mail.files if each.data]
    return mail


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER_BYTES
    while at < len(data):
        _, tag, size = struct.unpack_from("<BII", data, at)
        at += 9
        if at + size > len(data):
            raise ValueError("a packed mail that ends early")
        yield tag, data[at : at + size]
        at += size + 2


def _take(mail: PackedMail, tag: int, value: bytes, *, depth: int) -> None:
    if tag == _SUBJECT:
        mail.subject = _text(value)
    elif tag == _BODY:
        mail.text = _text(value)
    elif tag == _PROPERTIES:
        for name, kind, raw in _properties(value):
            if name == _PLAIN and not mail.text:
                mail.text = _property_text(kind, raw)
            elif name == _HTML:
                mail.html = raw
    elif tag == _BEGINS_FILE:
        mail.files.append(PackedFile())
    elif mail.files and tag == _TITLE:
        mail.files[-1].name = mail.files[-1].name or _text(value)
    elif mail.files and tag == _DATA:
        mail.files[-1].data = value
    elif mail.files and tag == _FILE_PROPERTIES:
        _take_properties(mail, value, depth=depth)


def _take_properties(mail: PackedMail, value: bytes, *, depth: int) -> None:
    """What the properties of a file say: its whole name, or that it is a mail."""
    file, shown = mail.files[-1], ""
    for name, kind, raw in _properties(value):
        if name == _LONG_NAME:
            file.name = _property_text(kind, raw) or file.name
        elif name == _SHOWN_NAME:
            shown = _property_text(kind, raw)
        elif name == _OBJECT and kind == _IS_OBJECT and raw[_GUID_BYTES:].startswith(SIGNATURE):
            inner = unpack_tnef(raw[_GUID_BYTES:], depth=depth + 1)
            file.name = f"{inner.subject or shown or 'mail'}.txt"
            file.data = "\n\n".join(filter(None, (inner.subject, inner.text))).encode()
            mail.files += inner.files
    file.name = file.name or shown


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Name, type and first value of each property."""
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, _MAX_VALUES)):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= _NAMED_FROM:
            at += _GUID_BYTES
            is_text, size = struct.unpack_from("<II", data, at)
            at += 8 + (_round_up(size) if is_text else 0)
        base, values = kind & ~_MULTIPLE, 1
        if kind & _MULTIPLE or base in (_STRING, _UNICODE, _BINARY, _IS_OBJECT):
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        first = b""
        for number in range(min(values, _MAX_VALUES)):
            size = _FIXED.get(base, 0)
            if not size:
                (size,) = struct.unpack_from("<I", data, at)
                at += 4
            if at + size > len(data):
                raise ValueError("a property that ends early")
            first = first if number else data[at : at + size]
            at += _round_up(size)
        yield name, base, first


def _round_up(size: int) -> int:
    return (size + 3) // 4 * 4


def _text(value: bytes) -> str:
    return decode(value.rstrip(b"\0")) if value.rstrip(b"\0") else ""


def _property_text(kind: int, raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace").rstrip("\0") if kind == _UNICODE else _text(raw)

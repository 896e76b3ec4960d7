"""Mails of Outlook (msg, [MS-OXMSG]): their properties put together as a mail of the internet."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import olefile

from worker.errors import RejectedError
from worker.extract.mail.compressed_rtf import decompress_rtf
from worker.extract.mail.message import mail_source
from worker.extract.mail.properties import mail_properties
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode

# Tags of properties ([MS-OXPROPS]).
_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC = "0E04", "0E03"
_DATA, _KIND, _CONTENT_ID = "3701", "370E", "3712"
_NAMES = ("3707", "3704", "3001")
"""Long, in eight and three letters, shown."""
_SENT, _DELIVERED = 0x0039_0040, 0x0E06_0040
_UNICODE, _STRING, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"
_PROPERTIES = "__properties_version1.0"
# The header of the properties is longer in the mail itself than in one within it.
_HEADER_BYTES, _INNER_HEADER_BYTES, _ENTRY_BYTES = 32, 24, 16
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MAX_DEPTH = 20

_UNREADABLE = (
    OSError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    struct.error,
)

Folder = tuple[str, ...]


def open_msg(path: Path, options: ReadOptions) -> PageSource:
    """One page as of any mail, and the attached files. Raises RejectedError (`corrupt`)."""
    try:
        with olefile.OleFileIO(str(path)) as container:
            mail = _mail(container, (), depth=0)
    except _UNREADABLE as error:
        raise RejectedError(f"{path.name}: not a mail of Outlook that can be read ({error})") from error
    return replace(mail_source(mail, options), properties=mail_properties(mail))


def _mail(container: Any, folder: Folder, *, depth: int) -> Message:
    mail = Message()
    headers = {
        "From": _sender(container, folder),
        "To": _text(container, folder, _TO),
        "Cc": _text(container, folder, _CC),
        "Date": _date(container, folder),
        "Subject": _text(container, folder, _SUBJECT),
    }
    for name, value in headers.items():
        if value:
            mail[name] = " ".join(value.split())
    mail["Content-Type"] = "multipart/mixed"
    for part in _body(container, folder):
        mail.attach(part)
    for attachment in _attachments(container, folder):
        mail.attach(_attachment(container, attachment, depth=depth))
    return mail


def _body(container: Any, folder: Folder) -> list[Message]:
    """The text, else the HTML, else the RTF as a file."""
    if text := _text(container, folder, _BODY):
        return [_part('text/plain; charset="utf-8"', text.encode("utf-8", "replace"))]
    html = _stream(container, folder, _HTML, _BINARY)
    if html:
        return [_part("text/html", html)]
    if text := _text(container, folder, _HTML):
        return [_part('text/html; charset="utf-8"', text.encode("utf-8", "replace"))]
    if rtf := _stream(container, folder, _RTF, _BINARY):
        part = _part("application/rtf", decompress_rtf(rtf))
        part.add_header("Content-Disposition", "attachment", filename="body.rtf")
        return [part]
    return []


def _attachments(container: Any, folder: Folder) -> list[Folder]:
    depth = len(folder)
    found = {
        tuple(entry[: depth + 1])
        for entry in container.listdir(streams=True, storages=True)
        if len(entry) > depth and tuple(entry[:depth]) == folder and entry[depth].startswith("__attach")
    }
    return sorted(found)


def _attachment(container: Any, folder: Folder, *, depth: int) -> Message:
    name = next(filter(None, (_text(container, folder, tag) for tag in _NAMES)), "")
    inner = (*folder, f"__substg1.0_{_DATA}{_OBJECT}")
    if depth < _MAX_DEPTH and container.exists([*inner, _PROPERTIES]):
        part = Message()
        part["Content-Type"] = "message/rfc822"
        part.attach(_mail(container, inner, depth=depth + 1))
        return part
    kind = _text(container, folder, _KIND)
    part = _part(kind if kind.isascii() and "/" in kind else "application/octet-stream", b"")
    part.set_payload(_base64(_stream(container, folder, _DATA, _BINARY)))
    is_shown = bool(_text(container, folder, _CONTENT_ID))
    part.add_header("Content-Disposition", "inline" if is_shown else "attachment", filename=name or "file")
    return part


def _part(kind: str, data: bytes) -> Message:
    part = Message()
    part["Content-Type"] = kind
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(_base64(data))
    return part


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _sender(container: Any, folder: Folder) -> str:
    name = _text(container, folder, _SENDER_NAME)
    address = _text(container, folder, _SENDER_SMTP) or _text(container, folder, _SENDER_ADDRESS)
    # Within one organisation the address is a path in its directory, which nobody knows.
    return f"{name} <{address}>" if "@" in address and address != name else name


def _date(container: Any, folder: Folder) -> str:
    """When it was sent, else when it arrived."""
    path = [*folder, _PROPERTIES]
    if not container.exists(path):
        return ""
    data = container.openstream(path).read()
    at = _INNER_HEADER_BYTES if folder else _HEADER_BYTES
    times: dict[int, int] = {}
    while at + _ENTRY_BYTES <= len(data):
        tag, _, value = struct.unpack_from("<IIQ", data, at)
        times[tag] = value
        at += _ENTRY_BYTES
    value = times.get(_SENT) or times.get(_DELIVERED) or 0
    return format_datetime(_EPOCH + timedelta(microseconds=value // 10)) if value else ""


def _text(container: Any, folder: Folder, tag: str) -> str:
    if data := _stream(container, folder, tag, _UNICODE):
        return data.decode("utf-16-le", "replace").rstrip("\0")
    data = _stream(container, folder, tag, _STRING)
    return decode(data).rstrip("\0") if data else ""


def _stream(container: Any, folder: Folder, tag: str, kind: str) -> bytes:
    path = [*folder, f"__substg1.0_{tag}{kind}"]
    if not container.exists(path) or container.get_type(path) != olefile.STGTY_STREAM:
        return b""
    data: bytes = container.openstream(path).read()
    return data

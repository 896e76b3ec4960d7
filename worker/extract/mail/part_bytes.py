"""The bytes of a mail's parts, also where what is said of their encoding or their borders is wrong."""

from __future__ import annotations

import copy
import email
import email.policy
import re
from collections.abc import Callable
from email.message import Message
from functools import partial

from worker.extract.mail.headers import raw_header
from worker.extract.text.charset import decode

_NOT_BASE64 = re.compile(rb"(?<=\S) +(?=\S)|[^A-Za-z0-9+/=\s]")
_SAMPLE_BYTES = 4096
_MAX_FOREIGN_SHARE = 0.02
_BORDER = re.compile(rb"^--(\S[^\r\n\"]{0,200}?)[ \t]*\r?\n(?=[A-Za-z-]{1,60}:)", re.MULTILINE)
_ENCODED = ("base64", "quoted-printable")
_NOTICE = "mime"
"""Programs put a line before the parts that says in English what MIME is."""


def payload(part: Message) -> bytes:
    """The decoded bytes of a part; those of a damaged encoding as far as they go."""
    is_base64 = raw_header(part, "Content-Transfer-Encoding").strip().lower() == "base64"
    if is_base64 and not _looks_like_base64(raw := _raw(part)):
        return raw
    return _decode(part)


def _decode(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return data if isinstance(data, bytes) else b""


def _raw(part: Message) -> bytes:
    """The bytes as they are in the file; without decoding they would be put into text first."""
    plain = copy.copy(part)
    del plain["Content-Transfer-Encoding"]
    return _decode(plain)


def _looks_like_base64(raw: bytes) -> bool:
    sample = raw[:_SAMPLE_BYTES]
    return len(_NOT_BASE64.findall(sample)) <= _MAX_FOREIGN_SHARE * len(sample)


def repair_parts(part: Message) -> Message | None:
    """The same with its parts, where it does not say rightly what stands between them; None without any."""
    raw = _raw(part)
    border = _BORDER.search(raw)
    if border is None:
        return None
    head = b'Content-Type: %s; boundary="%s"\n\n' % (part.get_content_type().encode(), border[1])
    again = email.message_from_bytes(head + raw, policy=email.policy.compat32)
    return again if again.is_multipart() else None


def beside_parts(part: Message) -> tuple[str, str]:
    """The text before and the text behind the parts, which readers of mails do not show."""
    before, behind = (_text(each) for each in (part.preamble, part.epilogue))
    return "" if _NOTICE in before.lower() else before, behind


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        return ""
    return decode(raw.encode("utf-8", "surrogateescape")).strip()


def inner_mail(part: Message) -> tuple[Message, Callable[[], bytes]]:
    """The mail in a part, and what gives its bytes."""
    found = part.get_payload()
    inner = found[0] if isinstance(found, list) and found and isinstance(found[0], Message) else Message()
    encoding = raw_header(part, "Content-Transfer-Encoding").strip().lower()
    if encoding in _ENCODED and not inner.keys():
        # No mail may be encoded as a whole, and some are: then its headers were not found.
        carrier = Message()
        carrier["Content-Transfer-Encoding"] = encoding
        carrier.set_payload(inner.get_payload())
        data = payload(carrier)
        return email.message_from_bytes(data, policy=email.policy.compat32), partial(bytes, data)
    return inner, inner.as_bytes

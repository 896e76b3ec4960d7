"""Headers of mails as text: encoded words, and bytes that are in no declared encoding."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from itertools import islice

from worker.extract.mail.charsets import decode_declared
from worker.extract.text.charset import decode

_ENCODED_WORD = re.compile(r"=\?([\w.:+-]+)(?:\*[\w-]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
_LINE_FOLD = re.compile(r"\r?\n[ \t]*|\r")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")
_CLOSING = {'"': '"', "<": ">", "(": ")"}
_JIS_ESCAPE = "\x1b$"
SHOWN = ("From", "To", "Cc", "Date", "Subject")
"""The headers that a mail's page has, in this order."""

_MAX_VALUE_CHARS = 65_536


def cut_headers(message: Message) -> None:
    """Cut values that no mail needs: what reads their parameters takes the square of their length."""
    values = [(name, str(value)) for name, value in message.raw_items()]
    if max((len(value) for _, value in values), default=0) <= _MAX_VALUE_CHARS:
        return
    for name, _ in values:
        del message[name]
    for name, value in values:
        message[name] = value[:_MAX_VALUE_CHARS]


def raw_header(message: Message, name: str) -> str:
    """All values of a header as they are in the file, "" without one; bytes are surrogates."""
    values = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    return ", ".join(values)


def header_text(message: Message, name: str) -> str:
    """The values of a header, decoded to one line."""
    return decode_header(raw_header(message, name))


def header_addresses(message: Message, name: str, *, most: int) -> tuple[str, ...]:
    """So many of a header's addresses at most, each with its name, and without the quotes around that."""
    # Split before encoded words are decoded, and after raw bytes are: either may have a comma in them.
    raw = _without_raw_bytes(_LINE_FOLD.sub(" ", raw_header(message, name)))
    addresses = (decode_header(each).replace('"', "").strip() for each in _split_addresses(raw))
    return tuple(islice((each for each in addresses if each), most))


def _split_addresses(text: str) -> Iterator[str]:
    """The parts between commas, and the semicolons of Outlook, that are not within quotes or brackets."""
    start, closing = 0, ""
    for at, character in enumerate(text):
        if closing:
            closing = "" if character == closing else closing
        elif character in ",;":
            yield text[start:at]
            start = at + 1
        else:
            closing = _CLOSING.get(character, "")
    yield text[start:]


def decode_header(raw: str) -> str:
    """A header's value as text. Encoded words that follow one another may have parts of one character."""
    text = _without_raw_bytes(_LINE_FOLD.sub(" ", raw))
    text = _BETWEEN_WORDS.sub(r"\1", text)
    pieces: list[str] = []
    at = 0
    pending, pending_charset = b"", ""
    for word in _ENCODED_WORD.finditer(text):
        charset, data = word[1].lower(), _word_bytes(word[2], word[3])
        if pending and (word.start() > at or charset != pending_charset):
            pieces.append(decode_declared(pending, pending_charset))
            pending = b""
        pieces.append(text[at : word.start()])
        pending, pending_charset, at = pending + data, charset, word.end()
    if pending:
        pieces.append(decode_declared(pending, pending_charset))
    return " ".join("".join((*pieces, text[at:])).split())


def file_name(part: Message) -> str:
    """The name that a part has as a file, in whichever way it is written; "" where it has none."""
    plain = Message()
    for name in ("Content-Disposition", "Content-Type"):
        if raw := raw_header(part, name):
            plain[name] = _without_raw_bytes(_LINE_FOLD.sub(" ", raw))
    try:
        return decode_header(_file_name(plain))
    except (LookupError, ValueError, TypeError):  # parameters that are numbered wrongly
        return ""


def _file_name(plain: Message) -> str:
    """The name as it is written; one in octets (RFC 2231) is decoded here, as its charset may be wrong."""
    for name, header in (("filename", "Content-Disposition"), ("name", "Content-Type")):
        value = plain.get_param(name, header=header)
        if isinstance(value, tuple):
            charset, _, octets = value
            is_raw = all(char <= "\xff" for char in octets)
            return decode_declared(octets.encode("latin-1"), charset or None) if is_raw else str(octets)
        if value:
            return str(value)
    return ""


def _without_raw_bytes(text: str) -> str:
    """Bytes that a header must not have are in some encoding all the same."""
    if _JIS_ESCAPE in text or any("\udc80" <= each <= "\udcff" for each in text):
        return decode(text.encode("ascii", "surrogateescape"))
    return text


def _word_bytes(kind: str, text: str) -> bytes:
    data = text.encode("ascii", "replace")
    if kind in "qQ":
        return _QUOTED.sub(lambda code: bytes([int(code[1], 16)]), data.replace(b"_", b" "))
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return data

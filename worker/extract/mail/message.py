"""Mails (eml) and saved web pages (mht): headers and body as one page, and what is attached."""

from __future__ import annotations

import email
import email.policy
import io
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import Message
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from worker.errors import Code, RejectedError
from worker.extract.image.document import header_size_px
from worker.extract.mail.headers import SHOWN, cut_headers, decode_header, file_name, header_text, raw_header
from worker.extract.mail.properties import mail_properties, page_properties
from worker.extract.page_source import ContainedFile, PageSource, no_preview
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode
from worker.extract.text.markup import html_text
from worker.extract.text.normalise import clean
from worker.extract.text.text_page import file_page, refuse_render
from worker.models.file import FileType

_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
"""They say who wrote a mail, and hold no text of it."""
_ENVELOPED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_OF_WEB_PAGES = ("text/css", "text/javascript", "application/javascript", "application/x-javascript", "font/")
_PGP_START = "-----BEGIN PGP MESSAGE-----"
# Smaller pictures within a mail are rules, logos of services and counters of readers.
_MIN_LONGER_PX, _MIN_SHORTER_PX = 64, 16
_MAX_PARTS = 10_000
_MAX_DEPTH = 100


def open_mail(path: Path, options: ReadOptions) -> PageSource:
    """One page: headers, body and the names of the attached files, which follow as files."""
    message = _parse(path)
    return replace(mail_source(message, options), properties=mail_properties(message))


def open_saved_page(path: Path, options: ReadOptions) -> PageSource:
    """The same of a web page that a browser saved as if it were a mail."""
    message = _parse(path)
    return replace(mail_source(message, options), properties=page_properties(message))


def _parse(path: Path) -> Message:
    with path.open("rb") as file:
        try:
            # Not the newer policy: it fails on malformed headers, which are read here by our own rules.
            return email.message_from_binary_file(file, policy=email.policy.compat32)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise RejectedError(f"{path.name}: not a mail that can be read ({error})") from error


def mail_source(message: Message, options: ReadOptions) -> PageSource:
    """A parsed mail as an opened document."""
    content = _Content()
    _collect(message, content, depth=0)
    headers = [f"{name}: {text}" for name in SHOWN if (text := header_text(message, name))]
    names = [each.name for each in content.attached]
    text = "\n\n".join(filter(None, ("\n".join(headers), *content.texts, "\n".join(names))))
    return PageSource(
        page_count=1,
        pages=iter((file_page(1, clean(text), options),)),
        render=refuse_render,
        preview=no_preview,
        unread=tuple(content.unread),
        contained=tuple(content.attached),
    )


@dataclass(kw_only=True, slots=True)
class _Content:
    """What a mail has: texts of its body, and attached files."""

    texts: list[str] = field(default_factory=list)
    attached: list[ContainedFile] = field(default_factory=list)
    unread: list[Code] = field(default_factory=list)
    parts: int = 0


def _open(read: Callable[[], bytes]) -> io.BytesIO:
    return io.BytesIO(read())


def _collect(part: Message, content: _Content, *, depth: int) -> None:
    cut_headers(part)
    content.parts += 1
    if content.parts > _MAX_PARTS or depth > _MAX_DEPTH:
        if Code.TOO_DEEP not in content.unread:
            content.unread.append(Code.TOO_DEEP)
        return
    kind = part.get_content_type()
    if kind == "message/rfc822" and part.is_multipart():
        _attach_mail(part, content)
    elif kind == "multipart/alternative" and part.is_multipart():
        _collect_alternative(part, content, depth=depth)
    elif kind == "multipart/encrypted" or (kind in _ENVELOPED and not _is_only_signed(part)):
        content.unread.append(Code.ENCRYPTED)
    elif part.is_multipart():
        for child in _children(part):
            _collect(child, content, depth=depth + 1)
    elif kind in _SIGNATURES:
        return
    elif _is_body(part, kind):
        _add_text(part, kind, content)
    elif not kind.startswith(_OF_WEB_PAGES):
        _attach(part, kind, content)


def _collect_alternative(part: Message, content: _Content, *, depth: int) -> None:
    """The same text in several forms: the first that has any, with the pictures of the others."""
    before = len(content.texts)
    for child in _children(part):
        kept = len(content.texts)
        _collect(child, content, depth=depth + 1)
        if kept > before:
            del content.texts[kept:]


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_body(part: Message, kind: str) -> bool:
    """Whether it is text to be shown, and not a file."""
    if kind not in ("text/plain", "text/html", "text/richtext", "text/enriched"):
        return False
    return part.get_content_disposition() != "attachment" and not file_name(part)


def _is_only_signed(part: Message) -> bool:
    return "signed" in raw_header(part, "Content-Type").lower()


def _add_text(part: Message, kind: str, content: _Content) -> None:
    data = _payload(part)
    charset = str(part.get_content_charset() or "") or None
    text = decode(data, charset) if data else ""
    if kind == "text/html":
        text = html_text(data) if charset is None else html_text(text.encode("utf-8"), "utf-8")
    if _PGP_START in text:
        content.unread.append(Code.ENCRYPTED)
        text = text.partition(_PGP_START)[0]
    if text.strip():
        content.texts.append(text.strip())


def _payload(part: Message) -> bytes:
    """The decoded bytes of a part; those of a damaged encoding as far as they go."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return data if isinstance(data, bytes) else b""


def _attach_mail(part: Message, content: _Content) -> None:
    (inner, *_) = _children(part) or [Message()]
    subject = header_text(inner, "Subject")
    name = file_name(part) or f"{subject or f'mail {len(content.attached) + 1}'}.eml"
    # Without a sender or a date, as a draft is, it could be taken for a text.
    mail = ContainedFile(name=name, open=partial(_open, inner.as_bytes), file_type=FileType.EML)
    content.attached.append(mail)


def _attach(part: Message, kind: str, content: _Content) -> None:
    name = file_name(part) or _name_of_place(part) or _default_name(kind, len(content.attached) + 1)
    if kind.startswith("image/") and part.get_content_disposition() != "attachment":
        size_px = header_size_px(io.BytesIO(_payload(part)))
        if size_px and (max(size_px) < _MIN_LONGER_PX or min(size_px) < _MIN_SHORTER_PX):
            return
    content.attached.append(ContainedFile(name=name, open=partial(_open, partial(_payload, part))))


def _name_of_place(part: Message) -> str:
    """The name at the end of an address, as saved pages give their pictures."""
    place = decode_header(raw_header(part, "Content-Location"))
    return urlsplit(place).path.rpartition("/")[2] if place else ""


def _default_name(kind: str, number: int) -> str:
    return f"file {number}{mimetypes.guess_extension(kind) or ''}"

"""Mails (eml) and saved web pages (mht): headers and body as one page, and what is attached."""

from __future__ import annotations

import email
import email.policy
import io
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.errors import CloseBoundaryNotFoundDefect
from email.message import Message
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from worker.errors import Code, RejectedError
from worker.extract.image.document import header_size_px
from worker.extract.mail.charsets import decode_declared
from worker.extract.mail.headers import SHOWN, cut_headers, decode_header, file_name, header_text, raw_header
from worker.extract.mail.part_bytes import beside_parts, inner_mail, payload, repair_parts
from worker.extract.mail.properties import mail_properties, page_properties
from worker.extract.mail.signed_data import read_signed_data
from worker.extract.mail.tnef import SIGNATURE, unpack_tnef
from worker.extract.mail.uuencode import split_uuencoded
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
_MAILS = frozenset({"message/rfc822", "message/global", "message/news", "message/partial"})
_BODIES = frozenset({"text/plain", "text/html", "text/richtext", "text/enriched"})
_ENRICHED_TAG = re.compile(r"</?[A-Za-z-]{1,60}>")
_OF_WEB_PAGES = ("text/css", "text/javascript", "application/javascript", "application/x-javascript", "font/")
_PGP = re.compile(r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
# Smaller pictures within a mail are rules, logos of services and counters of readers.
_MIN_LONGER_PX, _MIN_SHORTER_PX = 64, 16
_COUNT = re.compile(rb"\s*(\d{1,12})[ \t]*\r?\n")
"""Before a mail as Mail of macOS keeps it."""
_MAX_COUNT_BYTES = 64
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
            if count := _COUNT.match(file.read(_MAX_COUNT_BYTES)):
                # What stands behind it is the program's own.
                file.seek(count.end())
                return email.message_from_bytes(file.read(int(count[1])), policy=email.policy.compat32)
            file.seek(0)
            # Not the newer policy: it fails on malformed headers, which are read here by our own rules.
            return email.message_from_binary_file(file, policy=email.policy.compat32)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise RejectedError(f"{path.name}: not a mail that can be read ({error})") from error


def mail_source(message: Message, options: ReadOptions) -> PageSource:
    """A parsed mail as an opened document."""
    content = _Content()
    _collect(message, content, depth=0)
    if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in message.defects):
        content.unread.append(Code.CORRUPT)  # its end is missing
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
    if kind in _MAILS and part.is_multipart():
        _attach_mail(part, content)
    elif kind == "multipart/encrypted":
        content.unread.append(Code.ENCRYPTED)
    elif kind in _ENVELOPED or file_name(part).lower().endswith(".p7m"):
        _collect_signed(part, kind, content, depth=depth)
    elif kind.startswith("multipart/") and (found := part if part.is_multipart() else repair_parts(part)):
        _collect_parts(found, kind, content, depth=depth)
    elif part.is_multipart():  # a report: what its headers say, of each receiver
        _collect_report(part, content)
    elif kind in _SIGNATURES:
        return
    elif kind in _BODIES and part.get_content_disposition() != "attachment" and not file_name(part):
        _add_text(part, kind, content)
    elif not kind.startswith(_OF_WEB_PAGES):
        _attach(part, kind, content)


def _collect_parts(part: Message, kind: str, content: _Content, *, depth: int) -> None:
    """All parts, and the text that stands before and behind them; of an alternative only one of the texts.

    Those are the same text in several forms: the first that has any counts, with the pictures of the others.
    """
    before, behind = beside_parts(part)
    start = len(content.texts)
    for child in _children(part):
        kept = len(content.texts)
        _collect(child, content, depth=depth + 1)
        if kind == "multipart/alternative" and kept > start:
            del content.texts[kept:]
    content.texts[start:start] = [before] if before else []
    content.texts += [behind] if behind else []


def _collect_report(part: Message, content: _Content) -> None:
    if part.get_content_type() == "message/external-body":
        content.texts.append(decode_header(raw_header(part, "Content-Type")))
        return
    for block in _children(part):
        lines = [f"{name}: {decode_header(str(value))}" for name, value in block.raw_items()]
        content.texts += ["\n".join(lines)] if lines else []


def _collect_signed(part: Message, kind: str, content: _Content, *, depth: int) -> None:
    """What a block of S/MIME has signed, which is a part of a mail; one that is encrypted says so."""
    try:
        found = read_signed_data(payload(part))
    except ValueError:
        if kind in _ENVELOPED and "signed" not in raw_header(part, "Content-Type").lower():
            content.unread.append(Code.ENCRYPTED)
        else:
            _attach(part, kind, content)
        return
    if found.is_encrypted:
        content.unread.append(Code.ENCRYPTED)
    elif found.content is not None:
        inner = email.message_from_bytes(found.content, policy=email.policy.compat32)
        _collect(inner, content, depth=depth + 1)


def _children(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [child for child in inner if isinstance(child, Message)] if isinstance(inner, list) else []


def _add_text(part: Message, kind: str, content: _Content) -> None:
    data = payload(part)
    if kind == "text/plain":
        data, files = split_uuencoded(data)
        for file in files:
            _attach_bytes(decode(file.name), file.data, content)
    charset = str(part.get_content_charset() or "") or None
    text = decode_declared(data, charset) if data else ""
    if kind == "text/html":
        text = html_text(data) if charset is None else html_text(text.encode("utf-8"), "utf-8")
    elif kind != "text/plain":
        text = _ENRICHED_TAG.sub("", text)
    text, encrypted = _PGP.subn("", text)
    if encrypted:
        content.unread.append(Code.ENCRYPTED)
    if text.strip():
        content.texts.append(text.strip())


def _attach_mail(part: Message, content: _Content) -> None:
    inner, data = inner_mail(part)
    subject = header_text(inner, "Subject")
    name = file_name(part) or f"{subject or f'mail {len(content.attached) + 1}'}.eml"
    # Without a sender or a date, as a draft is, it could be taken for a text.
    mail = ContainedFile(name=name, open=partial(_open, data), file_type=FileType.EML)
    content.attached.append(mail)


def _attach(part: Message, kind: str, content: _Content) -> None:
    name = file_name(part) or _name_of_place(part) or _default_name(kind, len(content.attached) + 1)
    if kind.startswith("image/") and part.get_content_disposition() != "attachment":
        size_px = header_size_px(io.BytesIO(payload(part)))
        if size_px and (max(size_px) < _MIN_LONGER_PX or min(size_px) < _MIN_SHORTER_PX):
            return
    if ("ms-tnef" in kind or name.lower() == "winmail.dat") and _attach_packed(payload(part), content):
        return
    content.attached.append(ContainedFile(name=name, open=partial(_open, partial(payload, part))))


def _attach_packed(data: bytes, content: _Content) -> bool:
    """Attach the files of a winmail.dat, whose text is mostly that of the mail; False where it is damaged."""
    try:
        mail = unpack_tnef(data) if data.startswith(SIGNATURE) else None
    except ValueError:
        mail = None
    if mail is None:
        return False
    text = mail.text.strip() or (html_text(mail.html).strip() if mail.html else "")
    if text and not content.texts:
        content.texts.append(text)
    for file in mail.files:
        _attach_bytes(file.name, file.data, content)
    return True


def _attach_bytes(name: str, data: bytes, content: _Content) -> None:
    content.attached.append(ContainedFile(name=name, open=partial(io.BytesIO, data)))


def _name_of_place(part: Message) -> str:
    """The name at the end of an address, as saved pages give their pictures."""
    place = decode_header(raw_header(part, "Content-Location"))
    return urlsplit(place).path.rpartition("/")[2] if place else ""


def _default_name(kind: str, number: int) -> str:
    return f"file {number}{mimetypes.guess_extension(kind) or ''}"

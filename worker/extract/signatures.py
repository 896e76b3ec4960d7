"""Mails and archives by the bytes that they begin with."""

from __future__ import annotations

import re
from pathlib import PurePath

from worker.models.file import FileType

_ARCHIVES = (
    (0, b"\x1f\x8b", FileType.GZIP),
    (4, b"1AY&SY", FileType.BZIP2),
    (0, b"\xfd7zXZ\x00", FileType.XZ),
    (0, b"7z\xbc\xaf\x27\x1c", FileType.SEVEN_ZIP),
    (0, b"Rar!\x1a\x07", FileType.RAR),
    (0, b"MSCF\x00\x00\x00\x00", FileType.CAB),
    (0, b"\x28\xb5\x2f\xfd", FileType.ZSTANDARD),
    (32_768, b"\x01CD001", FileType.ISO),
)
_TAR_MARK_AT, _TAR_SUM, _TAR_HEADER_BYTES = 257, (148, 156), 512
_OCTAL = re.compile(rb"[0-7]{2,7}")
_LZH = re.compile(rb"..-(?:lh[0-9d]|lz[s4-8])-.{13}([\0-\3])", re.DOTALL)
"""Its last byte is the level of the header."""

_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):[ \t]?[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n")
_OF_MAILS = frozenset(
    {
        *(b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"mime-version", b"received"),
        *(b"return-path", b"content-type", b"reply-to", b"delivered-to", b"sender", b"dkim-signature"),
    }
)
_ORIGINS = frozenset({b"from", b"received", b"return-path", b"message-id"})
"""Each mail has one of these; a request of the web, or a page of notes, does not."""
_MIN_HEADERS, _MIN_HEADERS_BY_NAME = 3, 1
_MAILS = frozenset({".eml", ".mht", ".mhtml", ".emlx"})
_WEB_PAGES = frozenset({".mht", ".mhtml"})
_OFFICE = frozenset({".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx"})
"""Web pages within a mail's parts, as Word, Excel and wikis export them, have these names, too."""
_MIME = re.compile(rb"^mime-version:", re.IGNORECASE | re.MULTILINE)
_RELATED = re.compile(rb"^content-type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)
_BY_BROWSERS = re.compile(
    rb"^from:\s*\"?<?saved by|^snapshot-content-location:", re.IGNORECASE | re.MULTILINE
)
_COUNTED = re.compile(rb"\d{1,12}[ \t]*\r?\n")
"""Mail of macOS puts the count of a mail's bytes before it."""
_MAILBOX_START = re.compile(rb"From \S[^\r\n]{1,300}\r?\n")


def type_of_archive(head: bytes) -> FileType | None:
    """The type of an archive or of a compressed file, None where it is neither."""
    for at, signature, kind in _ARCHIVES:
        if head.startswith(signature, at):
            return kind
    if is_tar(head):
        return FileType.TAR
    return FileType.LZH if _is_lzh(head) else None


def is_tar(head: bytes) -> bool:
    """Whether a tar archive begins with these bytes; an old one has no mark, and the sum of its header."""
    if head.startswith(b"ustar", _TAR_MARK_AT):
        return True
    sum_at, sum_ends = _TAR_SUM
    digits = head[sum_at:sum_ends].strip(b" \0")
    if len(head) < _TAR_HEADER_BYTES or not head[0] or not _OCTAL.fullmatch(digits):
        return False
    blanks = b" " * (sum_ends - sum_at)
    return sum(head[:sum_at] + blanks + head[sum_ends:_TAR_HEADER_BYTES]) == int(digits, 8)


def _is_lzh(head: bytes) -> bool:
    """Whether it begins with the header of an LZH archive: its name for the method may stand in any text."""
    match = _LZH.match(head)
    if match is None:
        return False
    level = match[1][0]
    if level == 3:
        return head[:2] == b"\x04\0"  # bytes of a word
    # Of level 2 the size of all headers; of the others size and sum of the bytes behind these two.
    return level == 2 or sum(head[2 : 2 + head[0]]) & 0xFF == head[1]


def type_of_mail(head: bytes, name: str) -> FileType | None:
    """The type of a mail, a mailbox or a saved web page, None where it is none of these."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    mailbox = _MAILBOX_START.match(start)
    if mailbox is not None:
        return FileType.MBOX if _headers(start[mailbox.end() :])[1] >= _MIN_HEADERS else None
    suffix = PurePath(name).suffix.lower()
    start = start[count.end() :] if (count := _COUNTED.match(start)) else start
    block, known = _headers(start)
    if not known and _MIME.search(block) and _RELATED.search(block):
        return FileType.MHT  # Word and Excel write no other headers of mails
    if known < (_MIN_HEADERS_BY_NAME if suffix in _MAILS else _MIN_HEADERS):
        return None
    is_page = suffix in _WEB_PAGES | _OFFICE or _BY_BROWSERS.search(block) is not None
    return FileType.MHT if is_page and (_RELATED.search(block) or suffix in _WEB_PAGES) else FileType.EML


def _headers(data: bytes) -> tuple[bytes, int]:
    """The lines at the start that are headers, and how many different ones of mails are among them."""
    at, known = 0, set()
    while match := _HEADER.match(data, at):
        known.add(match[1].lower())
        at = match.end()
    return data[:at], len(known & _OF_MAILS) if known & _ORIGINS else 0

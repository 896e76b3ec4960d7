"""The type of a file, detected from its bytes; its name decides only what the bytes leave open."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType

import magic

from worker.errors import Code, RejectedError
from worker.extract.office.ole import (
    OLE_START,
    has_directory,
    has_stream,
    is_encrypted_package,
    is_rights_managed,
    type_of_ole,
)
from worker.extract.office.stored.biff_stream import biff_version
from worker.extract.rights_managed import RIGHTS_OF_BOOKS, rights_managed, rights_manager
from worker.extract.signatures import type_of_archive, type_of_mail
from worker.extract.text.charset import decode
from worker.extract.text.text_detection import is_text
from worker.models.file import FileType

_IMAGE_TYPES: Mapping[str, FileType] = MappingProxyType(
    {kind.mime_type: kind for kind in FileType if kind.is_image}
    | {
        "image/x-ms-bmp": FileType.BMP,
        "image/heif": FileType.HEIC,
        "image/heic-sequence": FileType.HEIC,
        "image/heif-sequence": FileType.HEIC,
        "image/jpx": FileType.JPEG_2000,
        "image/x-jp2-codestream": FileType.JPEG_2000,
    }
)
_JSON = frozenset({"application/json", "application/x-ndjson"})
_BINARY_KINDS = frozenset({"image", "audio", "video", "font", "model", "chemical"})
_TEXTUAL = frozenset({"image/svg+xml", "image/x-xpmi", "image/x-xbitmap"})
_UNSUPPORTED_MARKUP = frozenset({"application/postscript"})
"""Printable characters, but their text is only in what an interpreter draws."""
_TYPES_BY_EXTENSION: Mapping[str, FileType] = MappingProxyType(
    {f".{kind.value}": kind for kind in FileType if kind is not FileType.UNSUPPORTED}
    | {
        ".docm": FileType.DOCX,
        ".xlsm": FileType.XLSX,
        ".pptm": FileType.PPTX,
        ".tab": FileType.TSV,
        ".markdown": FileType.MARKDOWN,
        ".htm": FileType.HTML,
        ".xhtml": FileType.HTML,
        ".mhtml": FileType.MHT,
    }
)
_OPEN_XML = frozenset({FileType.DOCX, FileType.XLSX, FileType.PPTX, FileType.XLSB})
_LEGACY = frozenset({FileType.DOC, FileType.XLS, FileType.PPT})
_OF_SHEETS = frozenset({FileType.XLS, FileType.XLSX})
_OF_OFFICE = _OPEN_XML | _LEGACY
_MAIL_STREAM = "__properties_version1.0"
"""What each mail of Outlook has ([MS-OXMSG] 2.4)."""
_TEXTS_BY_EXTENSION = frozenset({FileType.CSV, FileType.TSV, FileType.MARKDOWN, FileType.LOG})

_HEAD_BYTES = 65_536
_PDF_HEADER = b"%PDF-"
_PDF_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")
_PDF_HEADER_WITHIN_BYTES = 1024
"""PDF readers accept so many bytes before the header (ISO 32000-1, Annex H, note 13)."""
_ZIP_START = b"PK\x03\x04"
_EMPTY_ZIP_START = b"PK\x05\x06"
_RTF_START = b"{\\rtf"
_CODESTREAM_START = b"\xff\x4f\xff\x51"
"""A JPEG 2000 image without its usual container."""
_CONTENT_TYPES = "[Content_Types].xml"
_MAIN_PARTS = (
    ("word/document", FileType.DOCX),
    ("xl/workbook.xml", FileType.XLSX),
    ("xl/workbook.bin", FileType.XLSB),
    ("ppt/presentation", FileType.PPTX),
)
_OPEN_DOCUMENT = re.compile(
    rb"application/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation|graphics)(?:-template)?(?=PK)"
)
_OPEN_DOCUMENT_TYPES = {
    b"text": FileType.ODT,
    b"spreadsheet": FileType.ODS,
    b"presentation": FileType.ODP,
    b"graphics": FileType.ODG,
}
_BEFORE_MARKUP = re.compile(r"(?:\s|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-zA-Z!/][^<>]*>")
_HTML_FRAGMENT = re.compile(
    r"<(?:table|meta|title|style|link|div|p|font|center|h[1-6]|tr|span|b|pre|ul|ol|img|br)\b", re.IGNORECASE
)
"""What pages without html or body begin with: systems export tables so, under the name of a workbook."""
_TAB_LINE, _COMMA_LINE = re.compile(r"[^\n]*\t"), re.compile(r"[^\n,]*,[^\n]*\n[^\n,]*,")


def detect_file_type(path: Path, name: str = "") -> FileType:
    """The type by content, then by extension; `name` is the file's original name, where the path has another.

    Raises RejectedError for an empty file, and for an encrypted or damaged Office file or archive whose type
    cannot be detected. Others keep their type: their reader reports what is wrong with them.
    """
    path = Path(path)
    name = name or path.name
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise RejectedError(f"{name}: the file is empty", code=Code.EMPTY)
    if head.startswith((_ZIP_START, _EMPTY_ZIP_START)):
        return _type_of_zip(path, name, head)
    if head.startswith(OLE_START):
        return _type_of_ole(path, name)
    kind = type_of_mail(head, name) or type_of_archive(head)
    if kind is not None:
        return kind
    if _is_pdf(head, name):
        return FileType.PDF
    kind = _type_by_magic(head, name)
    system = rights_manager(head, name, is_unknown=kind is FileType.UNSUPPORTED)
    if system is not None:
        raise rights_managed(name, system)
    return FileType.ZIP if kind is FileType.UNSUPPORTED and _is_zip_behind(path) else kind


def _is_zip_behind(path: Path) -> bool:
    """Whether there is an archive behind something else, as in a program that unpacks itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


def _is_pdf(head: bytes, name: str) -> bool:
    """Whether it has a header, which prose may quote, and an object, binary data or the extension."""
    if _PDF_HEADER not in head[:_PDF_HEADER_WITHIN_BYTES]:
        return False
    has_extension = PurePath(name).suffix.lower() == ".pdf"
    return has_extension or _PDF_OBJECT.search(head) is not None or not is_text(head)


def _type_by_magic(head: bytes, name: str) -> FileType:
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_RTF_START):
        return FileType.RTF
    if biff_version(head):
        return FileType.XLS
    if head.startswith(_CODESTREAM_START):
        return FileType.JPEG_2000
    mime = magic.from_buffer(head, mime=True)
    if mime in _IMAGE_TYPES:
        return _IMAGE_TYPES[mime]
    if mime not in _UNSUPPORTED_MARKUP and is_text(head, is_known_binary=_is_binary(mime)):
        return _type_of_text(head, name, mime)
    return FileType.UNSUPPORTED


def _is_binary(mime: str) -> bool:
    """Whether libmagic found the signature of a binary format; all it does not know is an octet stream."""
    kind, _, subtype = mime.partition("/")
    if kind == "application":
        return subtype != "octet-stream" and mime not in _JSON | _TEXTUAL
    return kind in _BINARY_KINDS and mime not in _TEXTUAL


def _type_of_text(head: bytes, name: str, mime: str) -> FileType:
    """Markup is detected in the text; tables, logs and notes only by the extension."""
    by_extension = _type_by_extension(name)
    text = decode(head).removeprefix("\ufeff")
    start = text[_BEFORE_MARKUP.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    is_fragment = by_extension in _OF_OFFICE and _HTML_FRAGMENT.match(start)
    if _HTML_START.match(start) or is_fragment or (by_extension is FileType.HTML and _ANY_TAG.search(text)):
        return FileType.HTML
    if text.lstrip().startswith("<?xml") or (by_extension is FileType.XML and start.startswith("<")):
        return FileType.XML
    if mime == "image/svg+xml" or start.startswith("<svg"):
        return FileType.XML
    if by_extension in _TEXTS_BY_EXTENSION:
        return by_extension
    if by_extension in _OF_SHEETS:
        return _type_of_table(text)
    if mime in _JSON or (by_extension is FileType.JSON and text.lstrip().startswith(("{", "["))):
        return FileType.JSON
    return FileType.TEXT


def _type_of_table(text: str) -> FileType:
    """What a text under the name of a workbook is, by the separators of its first lines."""
    if _TAB_LINE.match(text):
        return FileType.TSV
    return FileType.CSV if _COMMA_LINE.match(text) else FileType.TEXT


def _type_of_zip(path: Path, name: str, head: bytes) -> FileType:
    try:
        with zipfile.ZipFile(path) as archive:
            # Some programs write backslashes, or capitals.
            members = [member.replace("\\", "/").lower() for member in archive.namelist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        kind = _type_of_broken_zip(head, name)
        if kind is not None:
            return kind
        if _type_by_extension(name) is FileType.ZIP:
            return FileType.ZIP  # what can be read of it is read without its directory
        raise RejectedError(
            f"{name}: an archive (as Office files are) that cannot be opened; it is truncated or damaged",
            code=Code.CORRUPT,
        ) from error
    if _CONTENT_TYPES.lower() in members:
        for main, kind in _MAIN_PARTS:
            if any(member.startswith(main) for member in members):
                return kind
        return FileType.UNSUPPORTED
    if RIGHTS_OF_BOOKS in members:
        raise rights_managed(name, "an e-book")
    return _type_of_open_document(head) if {"content.xml", "mimetype"} <= {*members} else FileType.ZIP


def _type_of_open_document(head: bytes) -> FileType:
    """By the member `mimetype`, which is the first and not compressed (OpenDocument 1.3, part 2, 3.3)."""
    match = _OPEN_DOCUMENT.search(head[:_PDF_HEADER_WITHIN_BYTES])
    return _OPEN_DOCUMENT_TYPES[match[1]] if match else FileType.UNSUPPORTED


def _type_of_broken_zip(head: bytes, name: str) -> FileType | None:
    """The type of an archive without its directory: by the names of its members, then by the extension."""
    for main, kind in _MAIN_PARTS:
        if main.encode() in head:
            return kind
    opendocument = _type_of_open_document(head)
    if opendocument is not FileType.UNSUPPORTED:
        return opendocument
    by_extension = _type_by_extension(name)
    return by_extension if by_extension in _OPEN_XML and _CONTENT_TYPES.encode() in head else None


def _type_of_ole(path: Path, name: str) -> FileType:
    if is_rights_managed(path):
        raise rights_managed(name, "Microsoft IRM")
    kind = type_of_ole(path)
    if kind is not None:
        return kind
    by_extension = _type_by_extension(name)
    if by_extension in _LEGACY and not has_directory(path):
        return by_extension
    if not is_encrypted_package(path):
        return FileType.MSG if has_stream(path, _MAIL_STREAM) else FileType.UNSUPPORTED
    if by_extension not in _OPEN_XML:
        raise RejectedError(f"{name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    return by_extension


def _type_by_extension(name: str) -> FileType | None:
    return _TYPES_BY_EXTENSION.get(PurePath(name).suffix.lower())

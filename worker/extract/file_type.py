"""What a file is, told from its bytes; its name only settles what the bytes leave open."""

from __future__ import annotations

import mmap
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType

import magic

from worker.errors import Code, RejectedError
from worker.extract.text import is_text
from worker.models import FileType

MIME_TYPES: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.PDF: "application/pdf",
        FileType.JPEG: "image/jpeg",
        FileType.PNG: "image/png",
        FileType.TIFF: "image/tiff",
        FileType.BMP: "image/bmp",
        FileType.GIF: "image/gif",
        FileType.WEBP: "image/webp",
        FileType.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        FileType.TEXT: "text/plain",
        FileType.UNSUPPORTED: "application/octet-stream",
    }
)
_IMAGE_TYPES: Mapping[str, FileType] = MappingProxyType(
    {mime: kind for kind, mime in MIME_TYPES.items() if kind.is_image} | {"image/x-ms-bmp": FileType.BMP}
)
_MARKUP_NOBODY_READS = frozenset({"text/rtf", "application/rtf", "application/postscript"})
"""Made of printable characters, yet their text can only be had by interpreting them."""

_HEAD_BYTES = 65_536
_PDF_HEADER = b"%PDF-"
_PDF_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")
_PDF_HEADER_WITHIN_BYTES = 1024
"""PDF readers accept so much rubbish before the header (ISO 32000-1, Annex H, note 13)."""
_ZIP_START = b"PK\x03\x04"
_EMPTY_ZIP_START = b"PK\x05\x06"
_OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that holds an encrypted OOXML file inside an OLE container ([MS-OFFCRYPTO] 2.3)."""


def mime_type(file_type: FileType) -> str:
    """The MIME type of a file type; application/octet-stream for what is not supported."""
    return MIME_TYPES[file_type]


def detect_file_type(path: Path, name: str = "") -> FileType:
    """Decide by content before extension; `name` is what people call the file, where it is not the path's.

    Raises RejectedError for what no reader needs to try: an empty file, an encrypted Office file, an
    archive that cannot be opened (a truncated docx, for example).
    """
    path = Path(path)
    name = name or path.name
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise RejectedError(f"{name}: the file is empty", code=Code.EMPTY)
    if head.startswith((_ZIP_START, _EMPTY_ZIP_START)):
        return _type_of_zip(path, name)
    if head.startswith(_OLE_START):
        return _type_of_ole(path, name)
    if _is_pdf(head, name):
        return FileType.PDF
    mime = magic.from_buffer(head, mime=True)
    if mime in _IMAGE_TYPES:
        return _IMAGE_TYPES[mime]
    return FileType.TEXT if is_text(head) and mime not in _MARKUP_NOBODY_READS else FileType.UNSUPPORTED


def _is_pdf(head: bytes, name: str) -> bool:
    """Whether it has a header and an object, binary data or at least the name; prose may quote a header."""
    if _PDF_HEADER not in head[:_PDF_HEADER_WITHIN_BYTES]:
        return False
    named_so = PurePath(name).suffix.lower() == ".pdf"
    return named_so or _PDF_OBJECT.search(head) is not None or not is_text(head)


def _type_of_zip(path: Path, name: str) -> FileType:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise RejectedError(
            f"{name}: an archive (as Office files are) that cannot be opened; it is truncated or damaged",
            code=Code.CORRUPT,
        ) from error
    if "[Content_Types].xml" in members and any(member.startswith("word/document") for member in members):
        return FileType.DOCX
    return FileType.UNSUPPORTED


def _type_of_ole(path: Path, name: str) -> FileType:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        encrypted = content.find(_ENCRYPTED_STREAM) >= 0
    if encrypted:
        raise RejectedError(f"{name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    return FileType.UNSUPPORTED

"""OLE containers: the file type of one, and whether it needs a password.

Legacy Word, Excel and PowerPoint files are such containers, and so are encrypted docx, xlsx and pptx files.
A container whose directory is damaged is identified by the stream names in its bytes.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import olefile

from worker.models.file import FileType

T = TypeVar("T")

OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# The stream that holds an encrypted OOXML file ([MS-OFFCRYPTO] 2.3).
_ENCRYPTED_PACKAGE = "EncryptedPackage"
_DATA_SPACES, _DRM_CONTENT, _DRM = "\x06DataSpaces", "\x09DRMContent", "DRM"
_STREAMS = {
    "WordDocument": FileType.DOC,
    "Workbook": FileType.XLS,
    "Book": FileType.XLS,
    "PowerPoint Document": FileType.PPT,
}
UNREADABLE_OLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,  # a directory that holds itself
    struct.error,
)
"""What olefile raises on damaged files."""
_HEAD_BYTES = 65_536

_WORD_VERSION_AT = 2
_WORD_FLAGS_AT = 10
# fEncrypted in the flags of the FIB ([MS-DOC] 2.5.2).
_WORD_ENCRYPTED = 0x0100
_CURRENT_USER_TOKEN_AT = 12
# headerToken of an encrypted presentation ([MS-PPT] 2.3.2).
_PPT_ENCRYPTED_TOKEN = 0xF3D1C4DF
_XLS_FILE_PASS = 0x002F
_XLS_END = 0x000A
# FILEPASS follows directly on the first BOF and the write protection ([MS-XLS] 2.1.7.20.3).
_XLS_MAX_RECORDS = 200


def type_of_ole(path: Path) -> FileType | None:
    """The legacy Office type of a container, None where it is none of these (or an encrypted OOXML file)."""
    roots = _query(path, lambda container: {entry[0] for entry in container.listdir() if len(entry) == 1})
    if roots is not None:
        return next((kind for stream, kind in _STREAMS.items() if stream in roots), None)
    return next(
        (kind for stream, kind in _STREAMS.items() if len(stream) > 4 and _contains_name(path, stream)), None
    )


def is_encrypted_package(path: Path) -> bool:
    """Whether the container holds an encrypted OOXML file."""
    found = _query(path, lambda container: bool(container.exists(_ENCRYPTED_PACKAGE)))
    return _contains_name(path, _ENCRYPTED_PACKAGE) if found is None else found


def is_encrypted(path: Path) -> bool:
    """Whether the file needs a password, be it an encrypted OOXML or a legacy Office file."""
    return is_encrypted_package(path) or bool(_query(path, _is_encrypted_legacy))


def is_rights_managed(path: Path) -> bool:
    """Whether a system of rights protects the document; its body is a notice then ([MS-OFFCRYPTO] 2.2)."""
    return bool(_query(path, lambda container: any(map(_is_of_rights, container.listdir()))))


def _is_of_rights(place: list[str]) -> bool:
    return place[0] == _DRM_CONTENT or (place[0] == _DATA_SPACES and any(_DRM in name for name in place))


def has_directory(path: Path) -> bool:
    """Whether the directory can be read and names a stream; that of a truncated file often cannot."""
    return bool(_query(path, lambda container: container.listdir()))


def word_version(path: Path) -> int:
    """The format version of a Word file (nFib: 101 Word 6, 104 Word 95, 193 and more Word 97)."""
    head = _query(path, lambda container: _head_of(container, "WordDocument"))
    return int(struct.unpack_from("<H", head, _WORD_VERSION_AT)[0]) if head and len(head) > 4 else 0


def has_stream(path: Path, stream: str) -> bool:
    """Whether the container has such a stream at its top level."""
    return bool(_query(path, lambda container: bool(container.exists(stream))))


def _is_encrypted_legacy(container: Any) -> bool:
    if container.exists("WordDocument"):
        head = _head_of(container, "WordDocument")
        return bool(struct.unpack_from("<H", head, _WORD_FLAGS_AT)[0] & _WORD_ENCRYPTED)
    if container.exists("PowerPoint Document"):
        if container.exists("EncryptedSummary"):
            return True
        head = _head_of(container, "Current User")
        return bool(struct.unpack_from("<I", head, _CURRENT_USER_TOKEN_AT)[0] == _PPT_ENCRYPTED_TOKEN)
    for stream in ("Workbook", "Book"):
        if container.exists(stream):
            return _XLS_FILE_PASS in _record_kinds(_head_of(container, stream))
    return False


def _record_kinds(stream: bytes) -> Iterator[int]:
    """The kinds of the first records of a BIFF stream, up to the end of its first substream."""
    at = 0
    for _ in range(_XLS_MAX_RECORDS):
        if at + 4 > len(stream):
            return
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _XLS_END:
            return
        yield kind
        at += 4 + length


def _head_of(container: Any, stream: str) -> bytes:
    with container.openstream(stream) as opened:
        head: bytes = opened.read(_HEAD_BYTES)
    return head


def _query(path: Path, read: Callable[[Any], T]) -> T | None:
    """The result of a function on the open container, None where it cannot be read far enough."""
    try:
        with olefile.OleFileIO(str(path)) as container:
            return read(container)
    except UNREADABLE_OLE:
        return None


def _contains_name(path: Path, stream: str) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(stream.encode("utf-16-le")) >= 0

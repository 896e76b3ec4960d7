"""Files in RTF: objects are in hexadecimal digits, in the format of the first OLE ([MS-OLEDS] 2.2.5)."""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from worker.extract.office.objects.embedded_files import file_in_ole, file_in_package
from worker.extract.office.objects.legacy_objects import file_of
from worker.extract.office.ole import OLE_START
from worker.extract.page_source import ContainedFile

_DATA = re.compile(rb"\\objdata[ \r\n]([0-9A-Fa-f\s]+)")
_EMBEDDED = 2
_PACKAGE = b"Package"


def rtf_objects(path: Path) -> Iterator[ContainedFile]:
    """The files in a document; objects of which only a picture is drawn are none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for number, found in enumerate(_DATA.finditer(content), start=1):
            yield from file_of(f"object {number}", partial(_from_digits, found[1]))


def _from_digits(digits: bytes, name: str) -> tuple[str, bytes] | None:
    """Name and bytes of the file in an object: version, kind, three texts, and what its program wrote."""
    data = bytes.fromhex(b"".join(digits.split()).decode("ascii"))
    _, kind = struct.unpack_from("<II", data)
    if kind != _EMBEDDED:
        return None
    program, at = _text(data, 8)
    _, at = _text(data, at)
    _, at = _text(data, at)
    (size,) = struct.unpack_from("<I", data, at)
    native = data[at + 4 : at + 4 + size]
    if native.startswith(OLE_START):
        return file_in_ole(name, native)
    return file_in_package(native, name) if program == _PACKAGE else None


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """A text behind its length, and the place behind it."""
    (length,) = struct.unpack_from("<I", data, at)
    return data[at + 4 : at + 4 + length].rstrip(b"\0"), at + 4 + length

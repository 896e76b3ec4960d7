"""Files embedded in Office documents: other documents, and packages of any file ([MS-OLEDS]).

Alternative chunks of Word are among them: HTML, RTF or whole documents, which programs put into a document
as they are, and which Word makes part of it when it is opened (ECMA-376 part 1, 17.17.2).
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import olefile

from worker.errors import RejectedError
from worker.extract.office.ole import OLE_START
from worker.extract.office.ooxml_package import UNREADABLE, Package, open_package
from worker.extract.page_source import ContainedFile
from worker.extract.text.charset import decode

_EMBEDDED = re.compile(r"(?:word|xl|ppt)/embeddings/[^/]+")
_WORD_PART = re.compile(r"word/[^/]+\.xml")
_CHUNK = "aFChunk"
_CHART = re.compile(r"(?:word|xl|ppt)/charts/[^/]+\.xml")
_CHART_ITSELF = re.compile(r"(?:word|ppt)/charts/chart(?:ex)?\d*\.xml")
# A document within OLE is in one of these streams; Office's own older formats are the container itself.
_WHOLE = ("Package", "CONTENTS")
_DOCUMENTS = ("WordDocument", "Workbook", "Book", "PowerPoint Document")
_NATIVE, _SIZE_BYTES = "\x01Ole10Native", 4
_BITMAP = b"BM"
_MAX_BYTES = 512 * 1024**2


def embedded_files(path: Path) -> Iterator[ContainedFile]:
    """The files in a document, but for the tables behind its charts, whose text the charts have."""
    package = open_package(path)
    parts = list(
        dict.fromkeys([*_chunks(package), *(part for part in package.parts if _EMBEDDED.fullmatch(part))])
    )
    behind_charts = _behind_charts(package) if parts else set()
    for part in parts:
        contained = None if part in behind_charts else _file_of(package, part)
        if contained is not None:
            yield contained


def _chunks(package: Package) -> Iterator[str]:
    """The alternative chunks, in the order of the references to them."""
    for part in package.parts:
        if _WORD_PART.fullmatch(part):
            try:
                yield from package.targets(part, _CHUNK)
            except UNREADABLE:
                continue


def _behind_charts(package: Package) -> set[str]:
    charts = (part for part in package.parts if _CHART.fullmatch(part))
    found: set[str] = set()
    for chart in charts:
        try:
            found.update(target.lower() for target in package.targets(chart, "package"))
        except UNREADABLE:
            continue
    return found


def has_chart_without_data(package: Package) -> bool:
    """Whether a chart of a text or of slides has no table in the file; those of workbooks are in cells."""
    for chart in package.parts:
        if _CHART_ITSELF.fullmatch(chart):
            try:
                if not package.targets(chart, "package"):
                    return True
            except UNREADABLE:
                continue
    return False


def _file_of(package: Package, part: str) -> ContainedFile | None:
    """The file in a part; None for objects of other programs, of which their pictures are read."""
    name = posixpath.basename(part)
    try:
        with package.open(part) as file:
            data = file.read(_MAX_BYTES)
    except UNREADABLE as error:
        return ContainedFile(name=name, open=partial(refuse, damaged_file(name, error)))
    if data.startswith(OLE_START):
        unwrapped = file_in_ole(name, data)
        if unwrapped is None:
            return None
        name, data = unwrapped
    return ContainedFile(name=name, open=partial(io.BytesIO, data), size_bytes=len(data))


def refuse(error: RejectedError) -> io.BytesIO:
    """Say why a file cannot be had, when it is asked for."""
    raise error


def damaged_file(name: str, error: Exception) -> RejectedError:
    """The reason for a file whose bytes are damaged."""
    return RejectedError(f"{name}: damaged; its bytes cannot be unpacked ({error or type(error).__name__})")


def file_in_ole(name: str, data: bytes) -> tuple[str, bytes] | None:
    """Name and bytes of the file in an OLE object; the object itself where it is a document."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            wanted = [each for each in (*_WHOLE, _NATIVE, *_DOCUMENTS) if container.exists(each)]
            streams = {each: container.openstream(each).read() for each in wanted[:1]}
            return file_in_object(name, streams, whole=lambda: data)
    except (OSError, ValueError, IndexError, TypeError, struct.error):
        return name, data  # its reader says that it is damaged


def file_in_object(
    name: str, streams: Mapping[str, bytes], *, whole: Callable[[], bytes]
) -> tuple[str, bytes] | None:
    """The same of an object by its streams; `whole` puts them together."""
    for stream in _WHOLE:
        if stream in streams:
            return name, streams[stream]
    if _NATIVE in streams:
        return file_in_package(streams[_NATIVE][_SIZE_BYTES:], name)
    return None if streams.keys().isdisjoint(_DOCUMENTS) else (name, whole())


def file_in_package(data: bytes, name: str) -> tuple[str, bytes] | None:
    """Name and bytes of a file that was dropped into a document: flags, three texts, and the file.

    None for a picture of Paint, which is drawn.
    """
    if data.startswith(_BITMAP):
        return None
    label, at = _text(data, 2)
    _, at = _text(data, at)
    (path_bytes,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + path_bytes
    (size,) = struct.unpack_from("<I", data, at)
    own = decode(label).replace("\\", "/").rpartition("/")[2]
    return own or name, data[at + 4 : at + 4 + size]


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """A text that ends in NUL, and the place behind it."""
    end = data.index(b"\0", at)
    return data[at:end], end + 1

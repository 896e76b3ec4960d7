"""Files in legacy Office files: packages, and documents of other programs ([MS-OLEDS])."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import olefile

from worker.errors import Code, RejectedError
from worker.extract.office.objects.compound_file import Place, compound_file
from worker.extract.office.objects.embedded_files import damaged_file, file_in_object, file_in_ole, refuse
from worker.extract.office.ole import UNREADABLE_OLE
from worker.extract.page_source import ContainedFile

_POOL = "ObjectPool"
_SHEET_OBJECT = re.compile("MBD[0-9A-F]+", re.IGNORECASE)
_SLIDES = "PowerPoint Document"
# A record of a presentation ([MS-PPT] 2.3.1), and that of an object's container (2.10.34).
_RECORD = struct.Struct("<HHI")
_OBJECT, _IS_COMPRESSED = 0x1011, 0x0010
_MAX_BYTES = 512 * 1024**2
_UNREADABLE = (*UNREADABLE_OLE, zlib.error)

Found = tuple[str, bytes] | None


def legacy_objects(path: Path) -> Iterator[ContainedFile]:
    """The files in a document; objects of which only a picture is drawn are none."""
    try:
        with olefile.OleFileIO(str(path)) as container:
            folders = _objects(container.listdir())
            slides = container.openstream(_SLIDES).read() if container.exists(_SLIDES) else b""
    except _UNREADABLE:
        return  # its own reader says that it is damaged
    in_folders = (partial(_from_folder, path, folder, streams) for folder, streams in folders.items())
    in_records = (
        partial(_from_record, data, is_compressed=is_zlib) for is_zlib, data in _slide_objects(slides)
    )
    for number, read in enumerate(chain(in_folders, in_records), start=1):
        yield from file_of(f"object {number}", read)


def file_of(name: str, read: Any) -> Iterator[ContainedFile]:
    """The file that a function finds in the object of a name, or why it cannot be had."""
    try:
        found: Found = read(name)
    except RejectedError as error:
        yield ContainedFile(name=name, open=partial(refuse, error))
    except _UNREADABLE as error:
        yield ContainedFile(name=name, open=partial(refuse, damaged_file(name, error)))
    else:
        if found is not None:
            own_name, data = found
            yield ContainedFile(name=own_name, open=partial(io.BytesIO, data), size_bytes=len(data))


def _objects(entries: list[list[str]]) -> Mapping[Place, list[Place]]:
    """The folders of objects, in the order of their names, each with the places of its streams in it.

    An object may have folders, in which its own objects are.
    """
    found: dict[Place, list[Place]] = {}
    for place in map(tuple, entries):
        levels = 2 if place[0] == _POOL else 1
        if len(place) > levels and (levels == 2 or _SHEET_OBJECT.fullmatch(place[0])):
            found.setdefault(place[:levels], []).append(place[levels:])
    return dict(sorted(found.items()))


def _from_folder(path: Path, folder: Place, places: list[Place], name: str) -> Found:
    streams: dict[Place, bytes] = {}
    bytes_left = path.stat().st_size
    with olefile.OleFileIO(str(path)) as container:
        for place in places:
            streams[place] = container.openstream([*folder, *place]).read()
            bytes_left -= len(streams[place])
            if bytes_left < 0:  # they share their sectors, as no program writes them
                raise RejectedError(f"{name}: its streams are larger than the file", code=Code.BOMB)
    own = {place[0]: data for place, data in streams.items() if len(place) == 1}
    return file_in_object(name, own, whole=partial(compound_file, streams))


def _slide_objects(stream: bytes) -> Iterator[tuple[bool, bytes]]:
    """The containers of objects, and whether they are compressed; the records follow one another."""
    at = 0
    while at + _RECORD.size <= len(stream):
        version, kind, length = _RECORD.unpack_from(stream, at)
        at += _RECORD.size
        if kind == _OBJECT:
            yield version & 0xFFF0 == _IS_COMPRESSED, stream[at : at + length]
        at += length


def _from_record(data: bytes, name: str, *, is_compressed: bool) -> Found:
    if not is_compressed:
        return file_in_ole(name, data)
    unpacker = zlib.decompressobj()
    container = unpacker.decompress(data[4:], _MAX_BYTES)  # behind its size, which may be wrong
    if unpacker.unconsumed_tail:
        raise RejectedError(f"{name}: unpacks to more than its container may", code=Code.BOMB)
    return file_in_ole(name, container)

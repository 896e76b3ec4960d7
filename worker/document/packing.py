"""The stored form of extractions and pages: gzipped JSON, written piece by piece.

A document of thousands of pages is in memory once, as pages: neither its JSON nor its gzipped form is whole.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.member import Member
from worker.models.metadata import NO_PROPERTIES, Properties
from worker.models.page import Page
from worker.models.unread import Unread

_GZIP_LEVEL = 5
_CHUNK_BYTES = 256 * 1024

UNREADABLE = (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error)
"""What unpacking raises for bytes that are not, or no longer, what was packed."""


def pack(values: Mapping[str, object]) -> bytes:
    """A JSON object, gzipped; equal values have equal bytes."""
    return b"".join(_gzip([_to_json(values)]))


def pack_pages(pages: Sequence[Page]) -> bytes:
    """Pages, as a part of a checkpoint stores them."""
    return b"".join(_gzip(['{"pages":', *_page_texts(pages), "}"]))


def pack_extraction(extraction: Extraction) -> Iterator[bytes]:
    """An extraction without its thumbnail, which is an object of its own."""
    picture = extraction.picture
    values: dict[str, object] = {
        "file_type": extraction.file_type.value,
        "reason": extraction.reason,
        "reason_message": extraction.reason_message,
        "thumbnail": extraction.thumbnail is not None,
        "picture": base64.b64encode(picture).decode() if picture is not None else None,
    }
    if extraction.unread:
        values["unread"] = [[each.page, each.code, each.help] for each in extraction.unread]
    if extraction.properties != NO_PROPERTIES:
        values["properties"] = extraction.properties.as_dict()
    if extraction.members:
        values["members"] = [member.as_dict() for member in extraction.members]
    return _gzip(_with_pages(values, extraction.pages))


def unpack(data: bytes) -> dict[str, Any]:
    """What `pack` made. Raises TypeError, ValueError, OSError, EOFError or zlib.error for other bytes."""
    values = json.loads(gzip.decompress(data).decode("utf-8", "surrogatepass"))
    if not isinstance(values, dict):
        raise TypeError("not an object")
    return values


def unpack_extraction(data: bytes) -> tuple[Extraction, bool]:
    """The stored extraction, and whether a thumbnail was stored with it; raises as `unpack`, and KeyError."""
    values = unpack(data)
    picture = values["picture"]
    extraction = Extraction(
        file_type=FileType(values["file_type"]),
        pages=tuple(map(Page.from_dict, values["pages"])),
        reason=values["reason"],
        reason_message=str(values["reason_message"]),
        picture=base64.b64decode(picture) if picture else None,
        unread=_unread(values),
        properties=Properties.from_dict(values.get("properties", {})),  # where it says something
        members=tuple(map(Member.from_dict, values.get("members", ()))),  # where it has some
    )
    return extraction, bool(values["thumbnail"])


def _unread(values: Mapping[str, Any]) -> tuple[Unread, ...]:
    return tuple(
        Unread(page=int(page), code=str(code), help=str(advice))
        for page, code, advice in values.get("unread", ())  # where something is
    )


def _with_pages(values: Mapping[str, object], pages: Sequence[Page]) -> Iterator[str]:
    yield f'{_to_json(values)[:-1]},"pages":'
    yield from _page_texts(pages)
    yield "}"


def _page_texts(pages: Sequence[Page]) -> Iterator[str]:
    yield "["
    for number, page in enumerate(pages):
        yield f"{',' if number else ''}{_to_json(page.as_dict())}"
    yield "]"


def _to_json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _gzip(texts: Iterable[str]) -> Iterator[bytes]:
    buffer = io.BytesIO()
    # Without the time in its header equal data has equal bytes.
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0) as file:
        for text in texts:
            # Text of a PDF may hold lone surrogates.
            file.write(text.encode("utf-8", "surrogatepass"))
            if buffer.tell() >= _CHUNK_BYTES:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue()

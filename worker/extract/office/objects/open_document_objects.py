"""Files in OpenDocument files: documents that are folders of the archive, and objects of other programs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.sax.saxutils import quoteattr

from worker.errors import RejectedError
from worker.extract.office.objects.embedded_files import damaged_file, file_in_ole, refuse
from worker.extract.office.ole import OLE_START
from worker.extract.office.ooxml_package import UNREADABLE, Package, local_attribute, open_package
from worker.extract.page_source import ContainedFile

_MANIFEST = "META-INF/manifest.xml"
_ENTRY, _NAME, _TYPE = "{*}file-entry", "full-path", "media-type"
_OF_DOCUMENTS = "application/vnd.oasis.opendocument."
_DOCUMENTS = tuple(f"{_OF_DOCUMENTS}{kind}" for kind in ("text", "spreadsheet", "presentation"))
"""Charts and formulas are drawn in the document itself."""
_OBJECTS = frozenset({"application/vnd.sun.star.oleobject", "application/vnd.sun.star.object"})
_MIME_TYPE = "mimetype"
_LIST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
    'manifest:version="1.3">{0}</manifest:manifest>'
)
_MAX_BYTES = 512 * 1024**2


def open_document_objects(path: Path) -> Iterator[ContainedFile]:
    """The files in a document, in the order of its list of parts; none where that is damaged.

    A document in a document in it is a file of that one.
    """
    try:
        package = open_package(path)
        listed = [
            (local_attribute(entry, _NAME), local_attribute(entry, _TYPE))
            for entry in package.tree(_MANIFEST).iter(_ENTRY)
        ]
    except (RejectedError, *UNREADABLE):
        return  # its own reader says what is wrong
    done: list[str] = []
    for name, kind in listed:
        folder = f"{name.strip('/')}/"
        if folder == "/" or folder.startswith(tuple(done)):
            continue
        if kind.startswith(_DOCUMENTS):
            done.append(folder)
            yield ContainedFile(name=folder[:-1], open=partial(_document, package, folder, kind, listed))
        elif kind in _OBJECTS and name in package:
            yield from _object(package, name)


def _document(package: Package, folder: str, kind: str, listed: list[tuple[str, str]]) -> io.BytesIO:
    """A folder as the archive that it would be as a file of its own."""
    buffer = io.BytesIO()
    entries = [f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>']
    try:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(_MIME_TYPE, kind)
            for name, own_kind in listed:
                inner = name.removeprefix(folder)
                if not name.startswith(folder) or not inner or inner == _MIME_TYPE:
                    continue
                entries.append(
                    f"<manifest:file-entry manifest:full-path={quoteattr(inner)} "
                    f"manifest:media-type={quoteattr(own_kind)}/>"
                )
                if name in package:
                    with package.open(name) as part:
                        archive.writestr(inner, part.read())
            archive.writestr(_MANIFEST, _LIST.format("".join(entries)))
    except UNREADABLE as error:
        raise damaged_file(folder[:-1], error) from error
    buffer.seek(0)
    return buffer


def _object(package: Package, name: str) -> Iterator[ContainedFile]:
    """The file in an object; none for objects of which only a picture is drawn."""
    try:
        with package.open(name) as part:
            data = part.read(_MAX_BYTES)
        found = file_in_ole(name, data) if data.startswith(OLE_START) else (name, data)
    except UNREADABLE as error:
        yield ContainedFile(name=name, open=partial(refuse, damaged_file(name, error)))
        return
    if found is not None:
        yield ContainedFile(name=found[0], open=partial(io.BytesIO, found[1]), size_bytes=len(found[1]))

"""OpenDocument as one XML file (fodt, fods, fodp, fodg): read as the archive that it would be."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from worker.errors import Code, RejectedError
from worker.extract.office.flat.parser_options import parser_options
from worker.extract.office.legacy import open_legacy_office
from worker.extract.office.objects.open_document_objects import open_document_objects
from worker.extract.office.ooxml_package import Element, local_attribute, local_name
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType

_TYPES: Mapping[str, FileType] = MappingProxyType(
    {
        "text": FileType.ODT,
        "spreadsheet": FileType.ODS,
        "presentation": FileType.ODP,
        "graphics": FileType.ODG,
    }
)
_KIND = "application/vnd.oasis.opendocument."
_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "content": ("scripts", "font-face-decls", "automatic-styles", "body"),
        "styles": ("font-face-decls", "styles", "automatic-styles", "master-styles"),
        "meta": ("meta",),
    }
)
# Larger ones are read as other XML is: as a tree they take ten times their size of memory.
_MAX_TREE_BYTES = 64 * 1024**2


def open_flat_open_document(path: Path, options: ReadOptions) -> PageSource:
    """The document, read from an archive that is made of it.

    Raises what LibreOffice's reader raises, `ooxml_package.UNREADABLE` names, and RejectedError
    (`too_large`).
    """
    if path.stat().st_size > _MAX_TREE_BYTES:
        raise RejectedError(f"{path.name}: larger than {_MAX_TREE_BYTES} bytes", code=Code.TOO_LARGE)
    root = etree.parse(str(path), etree.XMLParser(**parser_options(path))).getroot()
    mime_type = local_attribute(root, "mimetype")
    file_type = _TYPES[mime_type.removeprefix(_KIND).removesuffix("-template")]
    archive_path = Path(tempfile.mkdtemp(prefix="flat-")) / path.name
    with zipfile.ZipFile(archive_path, "w") as archive:
        archive.writestr("mimetype", mime_type)
        entries = [("/", mime_type)]
        for name, children in _PARTS.items():
            archive.writestr(f"{name}.xml", _part(root, name, children))
            entries.append((f"{name}.xml", "text/xml"))
        archive.writestr("META-INF/manifest.xml", _manifest(entries))
    source = open_legacy_office(file_type, archive_path, options)
    return replace(source, contained=open_document_objects(archive_path))


def _part(root: Element, name: str, children: tuple[str, ...]) -> bytes:
    """A part with its share of the document."""
    space = str(root.tag).rpartition("}")[0] + "}"
    part = etree.Element(f"{space}document-{name}", nsmap=root.nsmap)
    version = local_attribute(root, "version")
    if version:
        part.set(f"{space}version", version)
    for child in root:
        if local_name(child) in children:
            # A child of two parts stays in the document for the next.
            part.append(deepcopy(child))
    return bytes(etree.tostring(part, xml_declaration=True, encoding="UTF-8"))


def _manifest(entries: list[tuple[str, str]]) -> str:
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in entries
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    return f'<manifest:manifest xmlns:manifest="{space}" manifest:version="1.3">{listed}</manifest:manifest>'

"""A whole docx or pptx as one XML file (Flat OPC), which Word saves as "Word XML Document"."""

from __future__ import annotations

import base64
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lxml import etree

from worker.extract.office.docx import open_docx
from worker.extract.office.flat.parser_options import parser_options
from worker.extract.office.objects.embedded_files import embedded_files
from worker.extract.office.ooxml_package import Element, free, local_attribute, local_name
from worker.extract.office.pptx import open_pptx
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions

_READERS: tuple[tuple[str, Callable[[Path, ReadOptions], PageSource]], ...] = (
    ("word/", open_docx),
    ("ppt/", open_pptx),
)


def open_flat_package(path: Path, options: ReadOptions) -> PageSource:
    """The document, read from an archive that is made of its parts.

    Raises what the archive's reader raises, and ValueError where it is neither of Word nor of PowerPoint.
    """
    archive_path = Path(tempfile.mkdtemp(prefix="flat-")) / path.name
    names: set[str] = set()
    with zipfile.ZipFile(archive_path, "w", zipfile.ZIP_STORED) as archive:
        for _, part in etree.iterparse(str(path), events=("end",), tag=["{*}part"], **parser_options(path)):
            name = local_attribute(part, "name").lstrip("/")
            if name and name not in names:
                names.add(name)
                archive.writestr(name, _bytes_of(part))
            free(part)
    for start, reader in _READERS:
        if any(name.startswith(start) for name in names):
            return replace(reader(archive_path, options), contained=embedded_files(archive_path))
    raise ValueError("it has no part of Word or PowerPoint")


def _bytes_of(part: Element) -> bytes:
    """XML as it stands, other bytes from base64."""
    for child in part:
        if local_name(child) == "xmlData":
            return b"".join(etree.tostring(root, with_tail=False) for root in child)
        if local_name(child) == "binaryData":
            return base64.b64decode("".join(child.itertext()))
    return b""

"""Title, author and dates of a PDF: its Info dictionary, and XMP where that is silent."""

from __future__ import annotations

import mmap
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from lxml import etree

from worker.models.metadata import Properties, property_text, read_time, to_time

# D:20240531120000+09'00': everything after the year may be missing.
_DATE = re.compile(
    r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|(?P<sign>[+-])(?P<hours>\d\d)'?(?P<minutes>\d\d)?)?"
)
_PACKET_START, _PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta>"
_MAX_PACKET_BYTES = 256 * 1024
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_LIST_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


def document_properties(document: Any, path: Path) -> Properties:
    """The properties of pdfium's document by its Info, each that is missing by the XMP packet of the file."""
    found = Properties(
        title=property_text(_entry(document, "Title")),
        author=property_text(_entry(document, "Author")),
        created=_time(_entry(document, "CreationDate")),
        modified=_time(_entry(document, "ModDate")),
    )
    if found.title and found.author and found.created and found.modified:
        return found
    packet = _packet(path)
    if packet is None:
        return found
    return Properties(
        title=found.title or property_text(_text(packet, f"{_DC}title")),
        author=found.author or property_text(_text(packet, f"{_DC}creator")),
        created=found.created or read_time(_text(packet, f"{_XMP}CreateDate")),
        modified=found.modified or read_time(_text(packet, f"{_XMP}ModifyDate")),
    )


def _entry(document: Any, name: str) -> str:
    try:
        return str(document.get_metadata_value(name))
    except UnicodeDecodeError:  # half a character of UTF-16
        return ""


def _time(text: str) -> str:
    match = _DATE.match(text.strip())
    if match is None:
        return ""
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups()[:6])
    offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    try:
        zone = timezone(-offset if match["sign"] == "-" else offset)
        return to_time(datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=zone))
    except ValueError:
        return ""


def _packet(path: Path) -> Any:
    """The last XMP packet of the file, which is the document's newest; None where none can be read.

    Only plain ones are found: PDF asks writers to leave the packet uncompressed, for programs like this.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.rfind(_PACKET_START)
        end = content.find(_PACKET_END, start, start + _MAX_PACKET_BYTES) if start >= 0 else -1
        if end < 0:
            return None
        data = content[start : end + len(_PACKET_END)]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _text(packet: Any, name: str) -> str:
    """A property's text: an attribute of a description, or an element, of a list the first item."""
    for element in packet.iter():
        if name in element.attrib:
            return str(element.get(name))
        if element.tag == name:
            item = next(element.iter(_LIST_ITEM), element)
            return "".join(item.itertext())
    return ""

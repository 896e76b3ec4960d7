"""OpenDocument: no deleted text, and fields and formulas with the results that they were saved with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from lxml import etree

from worker.extract.office.ooxml_package import SAFE_XML, Element, local_attribute, local_name

_PARTS = frozenset({"content.xml", "styles.xml"})
_HAS_SOME = re.compile(
    rb"[<:](?:deletion|date|time|(?:file|author|template)-name|author-initials|sender-\w+|database-display)\b"
    rb"|current-date|formula=|expression=",
    re.IGNORECASE,
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_FIELDS = frozenset(
    {
        *("date", "time", "file-name", "template-name", "database-display", "author-name", "author-initials"),
        *(f"sender-{what}" for what in ("firstname", "lastname", "initials", "title", "position", "email")),
        *(f"sender-{what}" for what in ("phone-private", "phone-work", "fax", "company", "street", "city")),
        *(f"sender-{what}" for what in ("postal-code", "country", "state-or-province")),
    }
)
"""What LibreOffice fills in anew: the moment, the names of the copy and of the person whose machine it is."""
_DELETIONS = frozenset({"deletion"})
_CHANGE = "change"
# Larger parts are converted as they are: as a tree they take ten times their size of memory.
_MAX_TREE_BYTES = 64 * 1024**2
_OF_THE_MOMENT = re.compile(r"\b(?:TODAY|NOW|RAND|RANDBETWEEN|CELL|INFO)\s*\(", re.IGNORECASE)


def write_stored(path: Path, target: Path) -> bool:
    """Write the same document so that LibreOffice shows what is stored; False where nothing is to be changed.

    Raises what `ooxml_package.UNREADABLE` names.
    """
    with ZipFile(path) as archive:
        members = (
            each
            for each in archive.infolist()
            if each.filename in _PARTS and each.file_size <= _MAX_TREE_BYTES
        )
        parts = {each.filename: archive.read(each) for each in members}
        changed = {
            name: _change(data)
            for name, data in parts.items()
            if data.startswith(_UTF_16) or _HAS_SOME.search(data)
        }
        if not changed:
            return False
        with ZipFile(target, "w", ZIP_STORED) as copy:
            for member in archive.infolist():
                name = member.filename
                copy.writestr(name, changed[name] if name in changed else archive.read(member))
    return True


def _may_change(data: bytes) -> bool:
    return data.startswith(_UTF_16) or _HAS_SOME.search(data) is not None


def _change(data: bytes) -> bytes:
    root = etree.fromstring(data, etree.XMLParser(**SAFE_XML))
    marks: dict[str, list[Element]] = {}
    for mark in root.iter(f"{{*}}{_CHANGE}"):
        marks.setdefault(local_attribute(mark, "change-id"), []).append(mark)
    elements = list(root.iter())
    has_moment = any(_OF_THE_MOMENT.search(_formula(element)) for element in elements)
    for element in elements:
        name = local_name(element)
        if name == "changed-region" and any(local_name(child) in _DELETIONS for child in element):
            _remove(element, marks)
        elif name in _FIELDS and _space(element).endswith(":text:1.0"):
            element.tag = f"{{{_space(element)}}}span"
            element.attrib.clear()
        elif name == "date-time-decl":
            _set(element, "source", "fixed")
        elif has_moment and _has_result(element):
            # Such a formula may have a name, and be a part of others.
            _set(element, "formula", None)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _remove(region: Element, marks: Mapping[str, list[Element]]) -> None:
    """Remove a deletion, and the places of the text that refer to it."""
    for name in {str(value) for key, value in region.attrib.items() if key.rpartition("}")[2] == "id"}:
        for mark in marks.get(name, ()):
            _cut_out(mark)
    _cut_out(region)


def _cut_out(element: Element) -> None:
    """Remove an element without the text behind it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)


def _has_result(element: Element) -> bool:
    formula = _formula(element)
    return bool(_OF_THE_MOMENT.search(formula) or (formula and local_attribute(element, "value-type")))


def _formula(element: Element) -> str:
    name = local_name(element)
    if name == "named-expression":
        return local_attribute(element, "expression")
    return local_attribute(element, "formula") if name.endswith("cell") else ""


def _space(element: Element) -> str:
    return str(element.tag)[1:].rpartition("}")[0]


def _set(element: Element, name: str, value: str | None) -> None:
    for key in [key for key in element.attrib if key.rpartition("}")[2] == name]:
        if value is None:
            del element.attrib[key]
        else:
            element.set(key, value)

"""Title, author and dates of an Office file: its core properties, or OpenDocument's meta.xml."""

from __future__ import annotations

from dataclasses import replace

from worker.errors import RejectedError
from worker.extract.office.ooxml_package import UNREADABLE, Element, Package
from worker.models.metadata import NO_PROPERTIES, Properties, property_text, read_time

_CORE = "docProps/core.xml"
_META = "meta.xml"


def core_properties(package: Package) -> Properties:
    """The properties of a docx, xlsx or pptx; none where they are missing or damaged, which costs no text."""
    part = next(iter(_targets(package)), _CORE)
    return _properties(package, part, title="title", author="creator", created="created", modified="modified")


def open_document_properties(package: Package) -> Properties:
    """The same of an odt, ods or odp."""
    return _properties(
        package, _META, title="title", author="creator", created="creation-date", modified="date"
    )


def without_dates(properties: Properties) -> Properties:
    """The properties of a converted file: its dates are those of the conversion."""
    return replace(properties, created="", modified="")


def _targets(package: Package) -> list[str]:
    try:
        return package.targets("", "core-properties")
    except (*UNREADABLE, RejectedError):
        return []


def _properties(package: Package, part: str, **names: str) -> Properties:
    if part not in package:
        return NO_PROPERTIES
    try:
        root = package.tree(part)
    except (*UNREADABLE, RejectedError):
        return NO_PROPERTIES
    title, author, created, modified = (
        _text(root, names[name]) for name in ("title", "author", "created", "modified")
    )
    return Properties(
        title=property_text(title),
        author=property_text(author),
        created=read_time(created),
        modified=read_time(modified),
    )


def _text(root: Element, name: str) -> str:
    found = next(root.iter(f"{{*}}{name}"), None)
    return "".join(found.itertext()) if found is not None else ""

"""XML files by their root element: those of Word and Excel of 2003, a whole package, and all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from worker.errors import Code, RejectedError
from worker.extract.office.flat.excel_2003 import open_excel_2003
from worker.extract.office.flat.flat_open_document import open_flat_open_document
from worker.extract.office.flat.flat_package import open_flat_package
from worker.extract.office.flat.word_2003 import open_word_2003
from worker.extract.office.ooxml_package import SAFE_XML, UNREADABLE
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.markup import open_xml

_READ_AS_XML = frozenset({Code.CORRUPT, Code.TOO_LARGE, Code.NEEDS_LIBREOFFICE})
_READERS: Mapping[str, Callable[[Path, ReadOptions], PageSource]] = MappingProxyType(
    {
        "{http://schemas.microsoft.com/office/word/2003/wordml}wordDocument": open_word_2003,
        "{urn:schemas-microsoft-com:office:spreadsheet}Workbook": open_excel_2003,
        "{http://schemas.microsoft.com/office/2006/xmlPackage}package": open_flat_package,
        "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}document": open_flat_open_document,
    }
)


def open_xml_file(path: Path, options: ReadOptions) -> PageSource:
    """A document of Word or Excel as those show it; another file as the text between its tags.

    So is a document that is damaged or too large, which says so: its pictures are not read, and what was
    deleted in it is not left out. Raises RejectedError when the file is empty.
    """
    try:
        reader = _READERS.get(_root(path))
    except UNREADABLE:
        reader = None
    if reader is None:
        return open_xml(path, options)
    try:
        return reader(path, options)
    except UNREADABLE:
        code = Code.CORRUPT
    except RejectedError as error:
        if error.code not in _READ_AS_XML:
            raise
        code = error.code
    return replace(open_xml(path, options), unread=(code,))


def _root(path: Path) -> str:
    """The name of the root element, with its namespace."""
    return next((str(root.tag) for _, root in etree.iterparse(str(path), events=("start",), **SAFE_XML)), "")

"""Word documents (docx): the text a reader sees, in the order it stands, without opening anything else.

The parts of the archive are read one by one and straight from the elements: python-docx's parser leaves
entities unresolved, while its object model would load every picture and refuse files
with a dangling link or macros. Tags are told by their local names, so that Strict files are read too.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from docx.oxml import parse_xml

from worker.errors import Code, RejectedError
from worker.extract.page_source import PageSource
from worker.extract.text import clean, one_page
from worker.read_options import ReadOptions

_MAX_UNPACKED_BYTES = 512 * 1024**2
_MAX_RATIO = 200
_RATIO_MATTERS_ABOVE_BYTES = 50 * 1024**2
_MAX_MEMBERS = 10_000
_ENCRYPTED_FLAG = 0x1

_PARTS = ("header", "document", "footnotes", "endnotes", "footer")
"""What is read, in this order; comments and glossaries are no text of the document."""
_PART_NAME = re.compile(r"word/(header|document|footnotes|endnotes|footer)(\d*)\.xml")

_UNSEEN = frozenset(
    {
        "pPr",  # its tab stops are called tab, as tabs are
        "rPr",
        "sectPr",
        "instrText",  # field codes; the field's result stands beside them
        "del",
        "delText",
        "moveFrom",  # stands again where it was moved to
        "rt",  # furigana over the base text
    }
)
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a way of packing that Python does not know
    SyntaxError,  # lxml's XMLSyntaxError is one
    ValueError,
)


class _Element(Protocol):
    """What is used of an lxml element; comments and entities have a tag that is no text."""

    tag: object
    text: str | None

    def __iter__(self) -> Iterator[_Element]: ...


def open_docx(path: Path, options: ReadOptions) -> PageSource:
    """One page: headers, body with tables and text boxes, notes, footers; no preview.

    Raises RejectedError: `corrupt`, `encrypted`, or `bomb` (it would unpack to more than 512 MB, or to more
    than 50 MB and 200 times its size), told from the archive's directory before anything is unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(archive.infolist(), path.name)
            texts = [_part_text(archive.read(name)) for name in _part_names(archive.namelist())]
    except _UNREADABLE as error:
        raise RejectedError(f"{path.name}: not a Word document that can be read ({error})") from error
    # First, even and odd pages usually carry the same header: once is enough.
    return one_page(clean("\n".join(dict.fromkeys(texts))), options)


def _refuse_bombs(members: list[zipfile.ZipInfo], name: str) -> None:
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise RejectedError(f"{name}: its parts are encrypted", code=Code.ENCRYPTED)
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    dense = unpacked > _RATIO_MATTERS_ABOVE_BYTES and unpacked > _MAX_RATIO * packed
    if unpacked > _MAX_UNPACKED_BYTES or dense or len(members) > _MAX_MEMBERS:
        raise RejectedError(
            f"{name}: {packed} bytes would unpack to {unpacked} in {len(members)} parts", code=Code.BOMB
        )


def _part_names(members: Iterable[str]) -> list[str]:
    """The parts to read, in order. Raises ValueError where there is no main document."""
    found = [match for member in members if (match := _PART_NAME.fullmatch(member))]
    if not any(match[1] == "document" for match in found):
        raise ValueError("it has no main document part")
    found.sort(key=lambda match: (_PARTS.index(match[1]), int(match[2] or 0)))
    return [match[0] for match in found]


def _part_text(xml: bytes) -> str:
    pieces: list[str] = []
    _collect(parse_xml(xml), pieces, boxes=pieces)
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip("\n")


def _collect(element: _Element, pieces: list[str], boxes: list[str]) -> None:
    """Append an element's text; text boxes, which float, go to `boxes` so that they part no sentence."""
    tag = _local_name(element)
    if tag in _UNSEEN:
        return
    if tag == "t":
        pieces.append(element.text or "")
    elif tag in _SIGNS:
        pieces.append(_SIGNS[tag])
    elif tag == "p":
        floating: list[str] = []
        _collect_all(element, pieces, floating)
        pieces.extend(["\n", *floating])
    elif tag == "tr":
        cells = (child for child in element if _local_name(child) in ("tc", "sdt"))
        pieces.append("\t".join(_cell_text(cell) for cell in cells) + "\n")
    elif tag == "txbxContent":
        _collect_all(element, boxes, boxes)
    elif tag == "AlternateContent":
        _collect_alternative(element, pieces, boxes)
    else:
        _collect_all(element, pieces, boxes)


def _collect_all(parent: _Element, pieces: list[str], boxes: list[str]) -> None:
    for child in parent:
        _collect(child, pieces, boxes)


def _collect_alternative(element: _Element, pieces: list[str], boxes: list[str]) -> None:
    """The same content written for newer and older programs: take the first version that has text."""
    for version in element:
        before = len(pieces) + len(boxes)
        _collect_all(version, pieces, boxes)
        if len(pieces) + len(boxes) > before:
            return


def _cell_text(cell: _Element) -> str:
    pieces: list[str] = []
    _collect_all(cell, pieces, boxes=pieces)
    return " ".join("".join(pieces).split())


def _local_name(element: _Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""

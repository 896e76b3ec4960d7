"""Word documents (docx, docm): the visible text, in document order.

Parts are streamed block by block. python-docx would load every picture, has no text boxes and notes, and
refuses files with a dangling link or macros. Tags are compared by local name, so Strict files are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.office.drawingml import chart_text, drawing_text
from worker.extract.office.eq_field import insert_equation_texts
from worker.extract.office.ooxml_package import (
    UNREADABLE,
    Element,
    Package,
    local_name,
    open_package,
    readable,
)
from worker.extract.office.pages import OfficePages, PageText, PictureFinder, assign_pages
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean

# In this order; glossaries are not part of the document's text.
_PARTS = ("header", "document", "footnotes", "endnotes", "comments", "footer")
_PART_NAME = re.compile(rf"word/({'|'.join(_PARTS)})(\d*)\.xml")
_BLOCKS = ("p", "tbl", "sdt", "AlternateContent")

_INVISIBLE = frozenset(
    {
        "pPr",  # its tab stops have the same tag as tabs
        "rPr",
        "sectPr",
        "instrText",  # field codes; the field's result follows them
        "del",
        "delText",
        "moveFrom",  # repeated at the place it was moved to
        "rt",  # furigana over the base text
    }
)
_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Damage:
    """The error that ended the reading of a part."""

    error: Exception


def open_docx(path: Path, options: ReadOptions) -> PageSource:
    """One page: headers, body with tables and text boxes, notes, comments, footers; then its pictures.

    Raises RejectedError as `open_package` does, and `corrupt` when there is no text before a damaged place.
    """
    package = open_package(path)
    with readable(path.name):
        parts = _part_names(package.parts)
    text = _whole_text(package, parts, limit_chars=options.limits.max_text_chars)
    finder = PictureFinder(package, max_pixels=options.limits.max_pixels)
    pictures = [picture for part in parts for picture in finder.pictures_of(part)]
    numbered = assign_pages([pictures], textless=() if text.text or text.reason else (1,))
    return OfficePages(package=package, texts=[text], count=1, pictures=numbered, options=options).source()


def _whole_text(package: Package, parts: Iterable[str], *, limit_chars: int) -> PageText:
    """The text of all parts; text before a damaged place is kept, with the reason."""
    texts: list[str] = []
    damage: _Damage | None = None
    chars_left = limit_chars
    for part in parts:
        text, part_damage = _part_text(package, part, limit_chars=chars_left)
        damage = damage or part_damage
        texts.append(text)
        chars_left -= len(text)
        if chars_left < 0:
            break
        texts.append(_chart_and_diagram_text(package, part))
    # First, even and odd pages usually have the same header: it is kept once.
    text = clean("\n".join(dict.fromkeys(filter(None, texts))))
    if damage and not text:
        raise RejectedError(
            f"{package.name}: not a Word document that can be read ({damage.error})"
        ) from damage.error
    return PageText(text=text, reason=Code.CORRUPT if damage else None)


def _part_names(members: Iterable[str]) -> list[str]:
    """The parts to read, in order. Raises ValueError where there is no main document."""
    found = [match for member in members if (match := _PART_NAME.fullmatch(member))]
    if not any(match[1] == "document" for match in found):
        raise ValueError("it has no main document part")
    found.sort(key=lambda match: (_PARTS.index(match[1]), int(match[2] or 0)))
    return [match[0] for match in found]


def _part_text(package: Package, part: str, *, limit_chars: int) -> tuple[str, _Damage | None]:
    pieces: list[str] = []
    damage: _Damage | None = None
    try:
        chars = 0
        for block in package.outermost(part, _BLOCKS):
            before = len(pieces)
            _collect(block, pieces, boxes=pieces)
            chars += sum(map(len, pieces[before:]))
            if chars > limit_chars:
                break
    except UNREADABLE as error:
        damage = _Damage(error=error)
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip("\n"), damage


def _chart_and_diagram_text(package: Package, part: str) -> str:
    """The text of charts and SmartArt, which are parts of their own; damaged ones are left out."""
    texts: list[str] = []
    try:
        texts.extend(chart_text(package, chart) for chart in package.targets(part, "chart"))
        texts.extend(drawing_text(package, data) for data in package.targets(part, "diagramData"))
    except UNREADABLE:
        pass
    return "\n".join(filter(None, texts))


def _collect(element: Element, pieces: list[str], boxes: list[str]) -> None:
    """Append an element's text; text boxes, which float, go to `boxes` so that they interrupt no sentence."""
    tag = local_name(element)
    if tag in _INVISIBLE or (tag == "r" and _is_hidden(element)):
        return
    if tag == "t":
        pieces.append(element.text or "")
    elif tag in _CHARACTERS:
        pieces.append(_CHARACTERS[tag])
    elif tag == "sym":
        pieces.append(_symbol(element))
    elif tag == "textpath":
        pieces.append(element.get("string") or "")
    elif tag == "p":
        insert_equation_texts(element)
        floating: list[str] = []
        _collect_all(element, pieces, floating)
        pieces.extend(["\n", *floating])
    elif tag == "tr":
        if _is_deleted(element):
            return
        pieces.append("\t".join(map(_cell_text, _cells(element))) + "\n")
    elif tag == "txbxContent":
        _collect_all(element, boxes, boxes)
    elif tag == "AlternateContent":
        _collect_alternative(element, pieces, boxes)
    else:
        _collect_all(element, pieces, boxes)


def _is_hidden(run: Element) -> bool:
    """Whether the author has hidden a run (w:vanish)."""
    marks = [mark for child in run if local_name(child) == "rPr" for mark in child]
    values = [
        str(next((value for key, value in mark.attrib.items() if key.endswith("}val")), "true"))
        for mark in marks
        if local_name(mark) == "vanish"
    ]
    return any(value not in ("0", "false", "off") for value in values)


def _symbol(element: Element) -> str:
    """A character chosen from a font; symbol fonts use private code points, which have no meaning."""
    code = next((value for key, value in element.attrib.items() if key.endswith("}char")), "")
    number = int(code, 16) if re.fullmatch("[0-9A-Fa-f]{4}", code) else 0
    return "" if number < 0x20 or 0xD800 <= number <= 0xF8FF else chr(number)


def _collect_all(parent: Element, pieces: list[str], boxes: list[str]) -> None:
    for child in parent:
        _collect(child, pieces, boxes)


def _collect_alternative(element: Element, pieces: list[str], boxes: list[str]) -> None:
    """The same content written for newer and older programs: the first version that has text."""
    for version in element:
        before = len(pieces) + len(boxes)
        _collect_all(version, pieces, boxes)
        if len(pieces) + len(boxes) > before:
            return


def _is_deleted(row: Element) -> bool:
    """Whether the row is deleted by a tracked change."""
    return any(local_name(mark) == "del" for child in row if local_name(child) == "trPr" for mark in child)


def _cells(row: Element) -> Iterator[Element]:
    """The cells of a row, those in content controls and custom XML too."""
    for child in row:
        if local_name(child) == "tc":
            yield child
        elif local_name(child) in ("sdt", "sdtContent", "customXml"):
            yield from _cells(child)


def _cell_text(cell: Element) -> str:
    pieces: list[str] = []
    _collect_all(cell, pieces, boxes=pieces)
    return " ".join("".join(pieces).split())

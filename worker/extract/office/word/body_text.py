"""The visible text of WordprocessingML: paragraphs with their numbers, tables, text boxes.

The names of elements are those of docx and of Word's XML of 2003, compared without their namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from worker.extract.office.eq_field import insert_equation_texts
from worker.extract.office.ooxml_package import Element, local_attribute, local_name
from worker.extract.office.word.run_styles import OFF, RunStyles, child_value

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
# In the XML of 2003 notes are within the text.
_FLOATING = frozenset({"txbxContent", "footnote", "endnote"})
_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


class BodyText:
    """Collects the text of blocks; `number_of` gives the number that Word puts before a paragraph."""

    def __init__(self, *, number_of: Callable[[Element], str], styles: RunStyles | None = None) -> None:
        self._number_of = number_of
        self._styles = styles or RunStyles()
        self._paragraph_style = ""
        self._in_placeholder = False

    def collect(self, element: Element, pieces: list[str], boxes: list[str]) -> None:
        """Append an element's text; text boxes, which float, go to `boxes` and interrupt no sentence."""
        tag = local_name(element)
        if tag in _INVISIBLE or self._is_hidden(element) or _is_annotation(element, "Deletion"):
            return
        if tag == "t":
            pieces.append(element.text or "")
        elif tag in _CHARACTERS:
            pieces.append(_CHARACTERS[tag])
        elif tag in _TEXT_OF_ATTRIBUTES:
            pieces.append(_TEXT_OF_ATTRIBUTES[tag](element))
        elif tag == "p":
            self._collect_paragraph(element, pieces)
        elif tag == "tr":
            if not _is_deleted(element):
                pieces.append("\t".join(map(self._cell_text, _cells(element))) + "\n")
        elif tag in _FLOATING or _is_annotation(element, "Comment"):
            self._collect_all(element, boxes, boxes)
        elif tag == "AlternateContent":
            self._collect_alternative(element, pieces, boxes)
        elif tag == "sdt" and _shows_placeholder(element):
            self._in_placeholder, outer = True, self._in_placeholder
            self._collect_all(element, pieces, boxes)
            self._in_placeholder = outer
        else:
            self._collect_all(element, pieces, boxes)

    def _collect_paragraph(self, paragraph: Element, pieces: list[str]) -> None:
        insert_equation_texts(paragraph)
        # Counted before the text boxes in it, which may have numbers of the same list.
        number = self._number_of(paragraph)
        own: list[str] = []
        floating: list[str] = []
        properties = next((child for child in paragraph if local_name(child) == "pPr"), ())
        self._paragraph_style, outer = child_value(properties, "pStyle"), self._paragraph_style
        self._collect_all(paragraph, own, floating)
        self._paragraph_style = outer
        # An empty paragraph counts as Word counts it, and its number alone would be no text.
        pieces.extend([number if "".join(own).strip() else "", *own, "\n", *floating])

    def _collect_all(self, parent: Element, pieces: list[str], boxes: list[str]) -> None:
        for child in parent:
            self.collect(child, pieces, boxes)

    def _collect_alternative(self, element: Element, pieces: list[str], boxes: list[str]) -> None:
        """The same content written for newer and older programs: the first version that has text."""
        for version in element:
            before = len(pieces) + len(boxes)
            self._collect_all(version, pieces, boxes)
            if len(pieces) + len(boxes) > before:
                return

    def _is_hidden(self, element: Element) -> bool:
        if local_name(element) != "r":
            return False
        is_empty = self._in_placeholder and self._styles.is_placeholder(element)
        return is_empty or self._styles.hide(element, self._paragraph_style)

    def _cell_text(self, cell: Element) -> str:
        pieces: list[str] = []
        self._collect_all(cell, pieces, boxes=pieces)
        return " ".join("".join(pieces).split())


def _is_annotation(element: Element, kind: str) -> bool:
    """Whether it is such a mark of a reviewer, in the XML of 2003."""
    if local_name(element) != "annotation":
        return False
    return any(value == f"Word.{kind}" for key, value in element.attrib.items() if key.endswith("}type"))


def _shows_placeholder(control: Element) -> bool:
    """Whether nobody has written into a content control; its text asks for some."""
    return any(
        local_name(mark) == "showingPlcHdr" and local_attribute(mark, "val") not in OFF
        for child in control
        if local_name(child) == "sdtPr"
        for mark in child
    )


def _choice(data: Element) -> str:
    """What is chosen in a list of an old form, whose field has no result of its own; "" elsewhere."""
    begin = data.getparent()
    choices = [each for child in data if local_name(child) == "ddList" for each in child]
    if not choices or begin is None or begin.getparent() is None:
        return ""
    for run in begin.getparent().itersiblings():
        kinds = [local_attribute(mark, "fldCharType") for mark in run.iterchildren("{*}fldChar")]
        if "separate" in kinds:
            return ""
        if "end" in kinds:
            break
    numbers = {local_name(each): local_attribute(each, "val") for each in choices}
    entries = [local_attribute(each, "val") for each in choices if local_name(each) == "listEntry"]
    number = numbers.get("result") or numbers.get("default") or "0"
    return entries[int(number)] if number.isdecimal() and int(number) < len(entries) else ""


def _symbol(element: Element) -> str:
    """A character chosen from a font; symbol fonts use private code points, which have no meaning."""
    code = local_attribute(element, "char")
    number = int(code, 16) if re.fullmatch("[0-9A-Fa-f]{4}", code) else 0
    return "" if number < 0x20 or 0xD800 <= number <= 0xF8FF else chr(number)


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


_TEXT_OF_ATTRIBUTES: Mapping[str, Callable[[Element], str]] = MappingProxyType(
    {"sym": _symbol, "ffData": _choice, "textpath": lambda element: element.get("string") or ""}
)

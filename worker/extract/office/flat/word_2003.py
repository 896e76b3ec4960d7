"""Word documents in the XML of Word 2003: headers, body with notes and comments, footers, then pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from lxml import etree

from worker.errors import Code, RejectedError
from worker.extract.office.flat.parser_options import parser_options
from worker.extract.office.ooxml_package import Element, local_attribute, local_name
from worker.extract.office.word.body_text import BodyText
from worker.extract.office.word.run_styles import RunStyles
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean
from worker.extract.text.text_page import one_page

_SYMBOL_FONTS = ("wingdings", "webdings", "symbol", "zapfdingbats")
"""Their letters are bullets: of Wingdings "l" is a disc."""
_PLACES = ("hdr", "body", "ftr")
# Larger ones are read as other XML is: as a tree they take ten times their size of memory.
_MAX_TREE_BYTES = 64 * 1024**2


def open_word_2003(path: Path, options: ReadOptions) -> PageSource:
    """One page, and the pictures in it as files.

    Raises what `ooxml_package.UNREADABLE` names, and RejectedError (`too_large`).
    """
    if path.stat().st_size > _MAX_TREE_BYTES:
        raise RejectedError(f"{path.name}: larger than {_MAX_TREE_BYTES} bytes", code=Code.TOO_LARGE)
    root = etree.parse(str(path), etree.XMLParser(**parser_options(path))).getroot()
    body = BodyText(number_of=_number_of, styles=RunStyles(root.iter("{*}style")))
    texts: list[str] = []
    for place in _PLACES:
        for element in root.iter(f"{{*}}{place}"):
            pieces: list[str] = []
            for child in element:
                body.collect(child, pieces, boxes=pieces)
            texts.append("".join(pieces).strip("\n"))
    # The same header on first and other pages is kept once.
    text = clean("\n".join(dict.fromkeys(filter(None, texts))))
    return replace(one_page(text, options), contained=tuple(_pictures(root)))


def _number_of(paragraph: Element) -> str:
    """The number that Word saved for a paragraph (wx:t); bullets are characters of a symbol font."""
    properties = next((child for child in paragraph if local_name(child) == "pPr"), ())
    for marks in (child for child in properties if local_name(child) == "listPr"):
        values = {local_name(mark): _value(mark) for mark in marks}
        text = values.get("t", "").strip()
        is_symbol = values.get("font", "").lower().startswith(_SYMBOL_FONTS)
        return f"{text} " if any(map(str.isalnum, text)) and not is_symbol else ""
    return ""


def _value(element: Element) -> str:
    return local_attribute(element, "val")


def _pictures(root: Element) -> Iterator[ContainedFile]:
    """Pictures and objects, which are in the file in base64."""
    for element in root.iter("{*}binData"):
        name = next((str(value) for key, value in element.attrib.items() if key.endswith("}name")), "")
        name = name.rpartition("/")[2] or "picture"
        yield ContainedFile(name=name, open=partial(_decode, name, element.text or ""))


def _decode(name: str, text: str) -> io.BytesIO:
    try:
        return io.BytesIO(base64.b64decode(text))
    except ValueError as error:
        raise RejectedError(f"{name}: damaged; its bytes are not in base64 ({error})") from error

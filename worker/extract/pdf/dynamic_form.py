"""Forms that a program draws (XFA): whether a PDF is one, and the text of its labels and values.

The pages in such a file ask to wait. Its parts are XML: the template has fields and labels, the datasets
have what was filled in. Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium
from lxml import etree

_MAX_PARTS = 100
_MAX_PART_BYTES = 16 << 20
_MAX_CONFIGURATION_BYTES = 1 << 20
# In the configuration of a form (XFA): its pages are made when it is opened, those in the file ask to wait.
_IS_DYNAMIC = re.compile(rb"<dynamicRender>\s*required")

Values = defaultdict[str, deque[str]]


def is_dynamic_form(document: Any) -> bool:
    """Whether the pages of an open document are made by a program when it is opened."""
    kind = document.get_formtype()
    if kind == pdfium.FORMTYPE_XFA_FULL:
        return True
    parts = _parts(document, _MAX_CONFIGURATION_BYTES) if kind == pdfium.FORMTYPE_XFA_FOREGROUND else ()
    return any(map(_IS_DYNAMIC.search, parts))


def form_text(document: Any) -> str:
    """Labels and values of a dynamic form, a line each; "" where there are none, or nothing can be read."""
    parts = [part for part in map(_parse, _parts(document, _MAX_PART_BYTES)) if part is not None]
    values: Values = defaultdict(deque)
    for data in (found for part in parts for found in _of_name(part, "data")):
        for element in data.iter("{*}*"):
            if len(element) == 0 and (text := _line(element.text)):
                values[_name(element)].append(text)
    lines = [line for part in parts for found in _of_name(part, "template") for line in _lines(found, values)]
    # Of rows that are repeated the template has the first.
    rest = [text for texts in values.values() for text in texts]
    return "\n".join((*lines, *rest))


def _lines(template: Any, values: Values) -> Iterator[str]:
    """The labels of a form in their order, and its fields with what was filled in."""
    for element in template.iter("{*}draw", "{*}field"):
        if _name(element) == "draw":
            line = _content(element)
        else:
            filled = values[element.get("name", "")]
            texts = (*map(_content, element.iterchildren("{*}caption")), filled.popleft() if filled else "")
            line = ": ".join(filter(None, texts))
        if line:
            yield line


def _content(element: Any) -> str:
    """The text of an element's value: plain, or as markup."""
    return _line(
        " ".join(text for value in element.iterchildren("{*}value") for text in value.itertext("{*}*"))
    )


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _of_name(root: Any, name: str) -> Iterator[Any]:
    return root.iter(f"{{*}}{name}") if root is not None else iter(())


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _parse(part: bytes) -> Any:
    """A part as a tree; None for those that are no XML of their own, as the first and the last are."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(part, parser)
    except (etree.LxmlError, ValueError):
        return None


def _parts(document: Any, most_bytes: int) -> Iterator[bytes]:
    """The parts of a form up to a size."""
    for index in range(min(max(0, pdfium.FPDF_GetXFAPacketCount(document)), _MAX_PARTS)):
        size = ctypes.c_ulong()
        if not pdfium.FPDF_GetXFAPacketContent(document, index, None, 0, size):
            continue
        if not 0 < size.value <= most_bytes:
            continue
        buffer = ctypes.create_string_buffer(size.value)
        if pdfium.FPDF_GetXFAPacketContent(document, index, buffer, size.value, size):
            yield buffer.raw

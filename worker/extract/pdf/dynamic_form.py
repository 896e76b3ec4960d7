"""Forms that a program draws (XFA): whether a PDF is one, and the text of its labels and values.

The pages in such a file ask to wait. Its parts are XML: the template has fields and labels, the datasets
have what was filled in. Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium
from lxml import etree

from worker.errors import Code

_MAX_PARTS = 100
_MAX_BYTES = 16 << 20
# In the configuration of a form (XFA): its pages are made when it is opened, those in the file ask to wait.
_IS_DYNAMIC = re.compile(rb"<dynamicRender>\s*required")
_HAS_TEXT = re.compile(rb"<(?:\w+:)?(?:template|datasets|data)[\s/>]")

Values = defaultdict[str, deque[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class FormText:
    """The text of a form, and why not all of it was read."""

    text: str
    problem: Code | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Label:
    """A label of the template; of a field with the name under which its value is kept."""

    text: str
    field: str | None = None

    def with_value(self, values: Values) -> str:
        """The line of a form, which takes the next value of its name."""
        filled = values[self.field] if self.field is not None else None
        return ": ".join(filter(None, (self.text, filled.popleft() if filled else "")))


def is_dynamic_form(document: Any) -> bool:
    """Whether the pages of an open document are made by a program when it is opened."""
    kind = document.get_formtype()
    if kind == pdfium.FORMTYPE_XFA_FULL:
        return True
    if kind != pdfium.FORMTYPE_XFA_FOREGROUND:
        return False
    return any(map(_IS_DYNAMIC.search, _Parts(document, most_bytes=_MAX_BYTES).all()))


def form_text(document: Any) -> FormText:
    """Labels and values of a dynamic form, a line each; none where nothing can be read.

    One part is in memory at a time, and all of them together are limited: each may unpack to a thousand times
    its size.
    """
    values: Values = defaultdict(deque)
    labels: list[_Label] = []
    parts = _Parts(document, most_bytes=_MAX_BYTES)
    is_damaged = False
    for part in parts.all():
        root = _parse(part)
        is_damaged = is_damaged or (root is None and _HAS_TEXT.search(part) is not None)
        for data in _outermost(root, "data"):
            for element in data.iter("{*}*"):
                if len(element) == 0 and (text := _line(element.text)):
                    values[_name(element)].append(text)
        for template in _outermost(root, "template"):
            labels.extend(_labels(template))
    lines = [line for label in labels if (line := label.with_value(values))]
    # Of rows that are repeated the template has the first.
    rest = [text for texts in values.values() for text in texts]
    text = "\n".join((*lines, *rest))
    if not text:
        return FormText(text="", problem=Code.DYNAMIC_FORM)
    problem = Code.TOO_LARGE if parts.has_more else Code.CORRUPT if is_damaged else None
    return FormText(text=text, problem=problem)


def _labels(template: Any) -> Iterator[_Label]:
    """The labels of a form in their order, those of fields with the names by which values are kept."""
    for element in template.iter("{*}draw", "{*}field", "{*}exclGroup"):
        if _name(element) == "draw":
            yield _Label(text=_content(element))
        else:
            text = " ".join(filter(None, map(_content, element.iterchildren("{*}caption"))))
            name = element.get("name", "") if _name(element) == "field" else None
            yield _Label(text=text, field=name)


def _content(element: Any) -> str:
    """The text of an element's value: plain, or as markup."""
    return _line(
        " ".join(text for value in element.iterchildren("{*}value") for text in value.itertext("{*}*"))
    )


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _outermost(root: Any, name: str) -> Iterator[Any]:
    """The elements of a name that are in no other of it: a field of a form may have any name."""
    if root is None:
        return
    walk = etree.iterwalk(root, events=("start",), tag=f"{{*}}{name}")
    for _, element in walk:
        yield element
        walk.skip_subtree()


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


class _Parts:
    """The parts of a form, up to a size of all of them; `has_more` says whether some were left out."""

    def __init__(self, document: Any, *, most_bytes: int) -> None:
        self._document = document
        self._bytes_left = most_bytes
        self.has_more = False

    def all(self) -> Iterator[bytes]:
        """Each part within the limits."""
        count = max(0, pdfium.FPDF_GetXFAPacketCount(self._document))
        self.has_more = count > _MAX_PARTS
        for index in range(min(count, _MAX_PARTS)):
            size = ctypes.c_ulong()
            if not pdfium.FPDF_GetXFAPacketContent(self._document, index, None, 0, size) or not size.value:
                continue
            if size.value > self._bytes_left:
                self.has_more = True
                continue
            self._bytes_left -= size.value
            buffer = ctypes.create_string_buffer(size.value)
            if pdfium.FPDF_GetXFAPacketContent(self._document, index, buffer, size.value, size):
                yield buffer.raw

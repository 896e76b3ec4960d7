"""What a PDF has beside its pages, and is not read: forms that a program draws.

Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from worker.errors import Code

_MAX_PACKETS = 100
_MAX_PACKET_BYTES = 1 << 20
# In the configuration of a form (XFA): its pages are made when it is opened, those in the file ask to wait.
_IS_DYNAMIC = re.compile(rb"<dynamicRender>\s*required")


def unread_parts(document: Any) -> tuple[Code, ...]:
    """The codes of what is not read of an open document, in the order of their names."""
    return (Code.DYNAMIC_FORM,) if _is_dynamic_form(document) else ()


def _is_dynamic_form(document: Any) -> bool:
    kind = document.get_formtype()
    if kind == pdfium.FORMTYPE_XFA_FULL:
        return True
    return kind == pdfium.FORMTYPE_XFA_FOREGROUND and any(map(_IS_DYNAMIC.search, _packets(document)))


def _packets(document: Any) -> Iterator[bytes]:
    """The parts of a form that are small, as its configuration is."""
    for index in range(min(max(0, pdfium.FPDF_GetXFAPacketCount(document)), _MAX_PACKETS)):
        size = ctypes.c_ulong()
        if not pdfium.FPDF_GetXFAPacketContent(document, index, None, 0, size):
            continue
        if not 0 < size.value <= _MAX_PACKET_BYTES:
            continue
        buffer = ctypes.create_string_buffer(size.value)
        if pdfium.FPDF_GetXFAPacketContent(document, index, buffer, size.value, size):
            yield buffer.raw

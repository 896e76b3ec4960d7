"""What lies on a PDF page and not in its content: filled fields, free text, stamps; and notes of reviewers.

pdfium's text of a page knows none of it (PDF 32000-1, 12.5). Fields need an open form (`open_form`), which
draws those that have no appearance of their own. Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.text.normalise import clean

_MAX_ANNOTATIONS = 5_000
_MAX_NOTE_BYTES = 256 * 1024
_EMPTY_BYTES = 2
"""A string in pdfium's answers ends in a zero of two bytes."""
_SHOWN = frozenset({pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP})
_NOTED = frozenset(
    {
        *(pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE),
        *(pdfium.FPDF_ANNOT_SQUIGGLY, pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_CARET),
        *(pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE),
        *(pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE, pdfium.FPDF_ANNOT_INK),
    }
)
"""Kinds that say something in a window of their own, not on the page."""
_NOT_SHOWN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW


def open_form(document: Any) -> None:
    """Let pdfium know the document's fields, if it has any; before its first page is opened."""
    if document.get_formtype() != pdfium.FORMTYPE_NONE:
        document.init_forms()


def notes_of(page: Any) -> str:
    """What reviewers wrote beside the page, and what free text says that has no appearance."""
    notes = []
    for annotation, kind in _annotations(page):
        if pdfium.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN:
            continue
        if kind in _NOTED or (kind == pdfium.FPDF_ANNOT_FREETEXT and not _has_appearance(annotation)):
            notes.append(_string(annotation, b"Contents"))
    return "\n".join(dict.fromkeys(note for note in map(clean, notes) if note))


def flatten(page: Any) -> bool:
    """Make what annotations show part of the page's content; True when it must be opened again to be read."""
    if not any(kind in _SHOWN for _, kind in _annotations(page)):
        return False
    return bool(pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS)


def _annotations(page: Any) -> Iterator[tuple[Any, int]]:
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                yield annotation, pdfium.FPDFAnnot_GetSubtype(annotation)
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)


def _has_appearance(annotation: Any) -> bool:
    size: int = pdfium.FPDFAnnot_GetAP(annotation, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0)
    return size > _EMPTY_BYTES


def _string(annotation: Any, key: bytes) -> str:
    size: int = pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if not _EMPTY_BYTES < size <= _MAX_NOTE_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFAnnot_GetStringValue(
        annotation, key, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size
    )
    return buffer.raw[:-_EMPTY_BYTES].decode("utf-16-le", "replace")

"""Annotations of a PDF page (PDF 32000-1, 12.5): form fields, free text, stamps, and reviewers' notes.

pdfium's text of a page includes none of them. Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.text.normalise import clean

_MAX_ANNOTATIONS = 5_000
_MAX_NOTE_BYTES = 256 * 1024
# pdfium ends its strings in a zero of two bytes.
_EMPTY_BYTES = 2
_ON_PAGE = frozenset({pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP})
# Kinds whose text is shown in a window of their own, not on the page.
_NOTES = frozenset(
    {
        *(pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE),
        *(pdfium.FPDF_ANNOT_SQUIGGLY, pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_CARET),
        *(pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE),
        *(pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE, pdfium.FPDF_ANNOT_INK),
    }
)
_HIDDEN_FLAGS = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW


def open_form(document: Any) -> None:
    """Initialise the document's form, if it has one; before its first page is opened."""
    if document.get_formtype() != pdfium.FORMTYPE_NONE:
        # Without it, fields that have no appearance of their own are not drawn, nor flattened.
        document.init_forms()


def notes_of(page: Any) -> str:
    """The text of reviewers' notes, and of free text that has no appearance."""
    notes = []
    for annotation, kind in _annotations(page):
        if pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN_FLAGS:
            continue
        if kind in _NOTES or (kind == pdfium.FPDF_ANNOT_FREETEXT and not _has_appearance(annotation)):
            notes.append(_string(annotation, b"Contents"))
    return "\n".join(dict.fromkeys(note for note in map(clean, notes) if note))


def attached_files(page: Any) -> list[Any]:
    """The files that are attached to places on the page, as pdfium's handles; None for one without bytes."""
    found = (
        pdfium.FPDFAnnot_GetFileAttachment(annotation)
        for annotation, kind in _annotations(page)
        if kind == pdfium.FPDF_ANNOT_FILEATTACHMENT
    )
    return [handle if handle and _has_bytes(handle) else None for handle in found]


def _has_bytes(handle: Any) -> bool:
    size = ctypes.c_ulong()
    return bool(pdfium.FPDFAttachment_GetFile(handle, None, 0, size)) and size.value > 0


def flatten(page: Any) -> bool:
    """Make shown annotations part of the page's content; True when the page must be reopened to be read."""
    if not any(kind in _ON_PAGE for _, kind in _annotations(page)):
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

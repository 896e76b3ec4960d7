"""Clipping paths of a PDF page's objects (PDF 32000-1, 8.5.4): nothing is drawn outside of them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.page_objects import Box

# A path of more points is a shape, within which little is drawn outside.
_MAX_POINTS = 200
_MAX_PATHS = 20


def clipping_boxes(clip_path: Any) -> Iterator[Box]:
    """The boxes around an object's clipping paths, in the space of its own bounds."""
    for index in range(min(pdfium.FPDFClipPath_CountPaths(clip_path), _MAX_PATHS)):
        count = pdfium.FPDFClipPath_CountPathSegments(clip_path, index)
        if 0 < count <= _MAX_POINTS:
            points = [_point(clip_path, index, segment) for segment in range(count)]
            xs, ys = [x for x, _ in points], [y for _, y in points]
            yield min(xs), min(ys), max(xs), max(ys)


def _point(clip_path: Any, index: int, segment: int) -> tuple[float, float]:
    x, y = ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFPathSegment_GetPoint(pdfium.FPDFClipPath_GetPathSegment(clip_path, index, segment), x, y)
    return x.value, y.value

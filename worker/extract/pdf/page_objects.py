"""What a PDF page draws beside its text layer: pictures, outlines, and where on the page they are.

pdfium's own functions are called directly, because objects made for each of the thousands of things on
a page cost more than reading its text. Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

_MAX_OBJECTS = 10_000
"""So many things are looked at on one page; a page of dense text has hundreds."""
_MAX_DEPTH = 3
"""Forms within forms; they may hold each other, and so never end."""
_MIN_PICTURE_SHARE = 0.01
_MIN_SIDE_PT = 18.0
_MIN_PIXELS = 2_500
"""Smaller pictures (A4: 5 x 12 mm of text would fit) are logos, bullets and rules."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points, as the page's content is written."""
_Matrix = tuple[float, float, float, float, float, float]
_UNTURNED: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedPicture:
    """A picture large enough to hold text: its box within the page, and its share of the page's area."""

    box: Box
    share: float
    width_px: int
    height_px: int

    @property
    def pixels_per_point(self) -> float:
        """How fine it is, by the longer sides (it may be placed turned)."""
        longer_pt = max(self.box[2] - self.box[0], self.box[3] - self.box[1], 1.0)
        return max(self.width_px, self.height_px) / longer_pt


def pictures_of(page: Any) -> tuple[PlacedPicture, ...]:
    """The pictures of a page that may hold text, those in forms too."""
    shown = page_box(page)
    area = max(1.0, _area(shown))
    found = []
    for thing, kind, matrix in _walk(page):
        if kind != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        box = _within(_placed(_bounds(thing), matrix), shown)
        width_px, height_px = _size_px(thing)
        large = min(box[2] - box[0], box[3] - box[1]) >= _MIN_SIDE_PT and width_px * height_px >= _MIN_PIXELS
        if large and _area(box) >= _MIN_PICTURE_SHARE * area:
            found.append(
                PlacedPicture(box=box, share=_area(box) / area, width_px=width_px, height_px=height_px)
            )
    return tuple(found)


def draws_more_than_text(page: Any) -> bool:
    """Whether there is ink that no text layer tells of: pictures, outlined letters, annotations."""
    plain = (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_FORM)
    return any(kind not in plain for _, kind, _ in _walk(page)) or pdfium.FPDFPage_GetAnnotCount(page) > 0


def outline_points(page: Any) -> int:
    """Points of all paths on a page: letters drawn as outlines have dozens each, boxes and rules few."""
    return sum(
        max(0, pdfium.FPDFPath_CountSegments(thing))
        for thing, kind, _ in _walk(page)
        if kind == pdfium.FPDF_PAGEOBJ_PATH
    )


def most_pixels(page: Any) -> int:
    """Pixels of the largest picture on a page, 0 where there is none: what drawing it would decode."""
    sizes = [_size_px(thing) for thing, kind, _ in _walk(page) if kind == pdfium.FPDF_PAGEOBJ_IMAGE]
    return max((width_px * height_px for width_px, height_px in sizes), default=0)


def has_invisible_text(page: Any) -> bool:
    """Whether text is written that is not shown, as programs do that make scans searchable."""
    mode = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
    return any(
        pdfium.FPDFTextObj_GetTextRenderMode(thing) == mode
        for thing, kind, _ in _walk(page)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT
    )


def drawing_order(page: Any) -> dict[int, int]:
    """The place of each thing in the order in which the page draws them, by its address.

    What forms hold comes after what stands beside them.
    """
    return {
        ctypes.addressof(thing.contents): place for place, (thing, _, _) in enumerate(_walk(page)) if thing
    }


def page_box(page: Any) -> Box:
    """The part of the page that is shown."""
    left, bottom, right, top = (float(side) for side in page.get_bbox())
    return left, bottom, right, top


def in_pixels(page: Any, box: Box, size_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where a box lies (left, top, right, bottom) in a picture of the whole page, turned as the page says."""
    x_px, y_px = ctypes.c_int(), ctypes.c_int()
    xs, ys = [], []
    for x_pt, y_pt in ((box[0], box[1]), (box[2], box[3])):
        pdfium.FPDF_PageToDevice(page, 0, 0, *size_px, 0, x_pt, y_pt, x_px, y_px)
        xs.append(min(max(x_px.value, 0), size_px[0]))
        ys.append(min(max(y_px.value, 0), size_px[1]))
    return min(xs), min(ys), max(xs), max(ys)


def _walk(page: Any) -> Iterator[tuple[Any, int, _Matrix]]:
    """Everything on a page, with its kind and the matrix of the form it stands in."""
    left = _MAX_OBJECTS
    waiting: list[tuple[Any, int, _Matrix]] = [(None, 0, _UNTURNED)]
    while waiting:
        form, depth, matrix = waiting.pop()
        count = pdfium.FPDFPage_CountObjects(page) if form is None else pdfium.FPDFFormObj_CountObjects(form)
        for index in range(min(count, left)):
            thing = (
                pdfium.FPDFPage_GetObject(page, index)
                if form is None
                else pdfium.FPDFFormObj_GetObject(form, index)
            )
            kind = pdfium.FPDFPageObj_GetType(thing)
            yield thing, kind, matrix
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
                waiting.append((thing, depth + 1, _joined(_matrix(thing), matrix)))
        left -= min(count, left)


def _bounds(thing: Any) -> Box:
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(thing, *sides):
        return (0.0, 0.0, 0.0, 0.0)
    left, bottom, right, top = (side.value for side in sides)
    return left, bottom, right, top


def _size_px(thing: Any) -> tuple[int, int]:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(thing, width, height)
    return width.value, height.value


def _matrix(form: Any) -> _Matrix:
    told = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(form, told):
        return _UNTURNED
    return (told.a, told.b, told.c, told.d, told.e, told.f)


def _joined(inner: _Matrix, outer: _Matrix) -> _Matrix:
    """What applying `inner` and then `outer` does (PDF 32000-1, 8.3.4)."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _placed(box: Box, matrix: _Matrix) -> Box:
    if matrix == _UNTURNED:
        return box
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _within(box: Box, limit: Box) -> Box:
    left, bottom = max(box[0], limit[0]), max(box[1], limit[1])
    return left, bottom, max(left, min(box[2], limit[2])), max(bottom, min(box[3], limit[3]))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

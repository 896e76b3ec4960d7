"""Objects of a PDF page: its pictures and outlines, and where on the page they are.

Callers hold the document's lock.
"""

from __future__ import annotations

import ctypes
import hashlib
import heapq
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

# Called directly: pypdfium2's objects for the thousands of things on a page cost more than reading its text.
import pypdfium2.raw as pdfium

# A page of dense text has hundreds, a plan of a city a hundred thousand; they take a second.
_MAX_OBJECTS = 250_000
# Forms within forms; pdfium reads no more of them.
_MAX_DEPTH = 40
# Of a single letter; rules and boxes have four.
_MIN_OUTLINE_POINTS = 8
# Smaller pictures (A4: 5 x 12 mm of text would fit) are logos, bullets and rules.
_MIN_PICTURE_SHARE = 0.01
_MIN_SIDE_PT = 18.0
_MIN_PIXELS = 2_500
# No more of them fit beside each other.
_MAX_PICTURES = 100

# The data of more, or larger, pictures of a page is not compared.
_MAX_KEYED_BYTES = 64 * 1024**2

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points, as the page's content is written."""
Matrix = tuple[float, float, float, float, float, float]
"""The six numbers of a transformation of the plane (PDF 32000-1, 8.3.3)."""
_SIDES = (ctypes.c_float(), ctypes.c_float(), ctypes.c_float(), ctypes.c_float())
# As pdfium takes them: converting them costs as much as each call.
_SIDE_POINTERS = tuple(map(ctypes.byref, _SIDES))
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_kind, _get_bounds = pdfium.FPDFPageObj_GetType, pdfium.FPDFPageObj_GetBounds


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedPicture:
    """A picture large enough to hold text: its box within the page, and its share of the page's area."""

    box: Box
    share: float
    width_px: int
    height_px: int

    @property
    def pixels_per_point(self) -> float:
        """Its resolution, by the longer sides (it may be placed rotated)."""
        longer_pt = max(self.box[2] - self.box[0], self.box[3] - self.box[1], 1.0)
        return max(self.width_px, self.height_px) / longer_pt


def pictures_of(page: Any) -> tuple[PlacedPicture, ...]:
    """The pictures of a page that may hold text, those in forms too; the largest where they are many."""
    largest = heapq.nlargest(_MAX_PICTURES, enumerate(_pictures(page)), key=lambda item: item[1].share)
    return tuple(picture for _, picture in sorted(largest, key=lambda item: item[0]))


def _pictures(page: Any) -> Iterator[PlacedPicture]:
    shown = page_box(page)
    area = max(1.0, area_of(shown))
    for obj, kind, matrix in objects_of(page):
        if kind != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        box = clip(box_of(obj, matrix), shown)
        width_px, height_px = _size_px(obj)
        large = min(box[2] - box[0], box[3] - box[1]) >= _MIN_SIDE_PT and width_px * height_px >= _MIN_PIXELS
        if large and area_of(box) >= _MIN_PICTURE_SHARE * area:
            yield PlacedPicture(box=box, share=area_of(box) / area, width_px=width_px, height_px=height_px)


def picture_keys(page: Any, boxes: Collection[Box]) -> dict[Box, bytes | None]:
    """The identity of the pictures in these boxes, by data and size; None where the data is too large."""
    shown = page_box(page)
    keys: dict[Box, bytes | None] = {}
    left_bytes = _MAX_KEYED_BYTES
    for obj, kind, matrix in objects_of(page):
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            box = clip(_transform(bounds_of(obj), matrix), shown)
            if box in boxes:
                size_bytes = pdfium.FPDFImageObj_GetImageDataRaw(obj, None, 0)
                # Two pictures in one place are not distinguished from others.
                is_keyed = box not in keys and 0 < size_bytes <= left_bytes
                keys[box] = _key(obj, size_bytes) if is_keyed else None
                left_bytes -= size_bytes if is_keyed else 0
    return keys


def _key(picture: Any, size_bytes: int) -> bytes:
    data = (ctypes.c_ubyte * size_bytes)()
    pdfium.FPDFImageObj_GetImageDataRaw(picture, data, size_bytes)
    return hashlib.sha256(repr(_size_px(picture)).encode() + bytes(data)).digest()


def draws_more_than_text(page: Any) -> bool:
    """Whether the page shows anything but text: pictures, outlined characters, annotations."""
    plain = (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_FORM)
    return (
        any(kind not in plain for _, kind, _ in objects_of(page)) or pdfium.FPDFPage_GetAnnotCount(page) > 0
    )


def outline_points(page: Any) -> int:
    """Points of all paths on a page: characters drawn as outlines have dozens each, boxes and rules few."""
    return sum(
        max(0, pdfium.FPDFPath_CountSegments(obj))
        for obj, kind, _ in objects_of(page)
        if kind == pdfium.FPDF_PAGEOBJ_PATH
    )


def smallest_letters_pt(page: Any) -> float:
    """The size of the smallest letters on a page but for a few: of text, else of outlines; 0 without any."""
    texts, outlines = [], []
    for obj, kind, matrix in objects_of(page):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            texts.append(_font_size_pt(obj, matrix))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and pdfium.FPDFPath_CountSegments(obj) >= _MIN_OUTLINE_POINTS:
            _, bottom, _, top = _transform(bounds_of(obj), matrix)
            outlines.append(top - bottom)
    sizes = sorted(size_pt for size_pt in texts or outlines if size_pt > 0)
    return sizes[len(sizes) // 10] if sizes else 0.0


def _font_size_pt(obj: Any, matrix: Matrix) -> float:
    size = ctypes.c_float()
    if not pdfium.FPDFTextObj_GetFontSize(obj, size):
        return 0.0
    _, _, c, d, _, _ = _multiply(_matrix(obj), matrix)
    return size.value * math.hypot(c, d)


def most_pixels(page: Any) -> int:
    """Pixels of the largest picture on a page, 0 where there is none: what drawing it would decode."""
    sizes = [_size_px(obj) for obj, kind, _ in objects_of(page) if kind == pdfium.FPDF_PAGEOBJ_IMAGE]
    return max((width_px * height_px for width_px, height_px in sizes), default=0)


def drawing_order(page: Any) -> dict[int, int]:
    """The rank of each object in the order in which the page draws them, by its address.

    The objects of a form come after those beside the form.
    """
    return {
        ctypes.addressof(obj.contents): place for place, (obj, _, _) in enumerate(objects_of(page)) if obj
    }


def page_box(page: Any) -> Box:
    """The part of the page that is shown."""
    left, bottom, right, top = (float(side) for side in page.get_bbox())
    return left, bottom, right, top


def in_pixels(page: Any, box: Box, size_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where a box lies (left, top, right, bottom) in an image of the whole page as shown (rotated)."""
    x_px, y_px = ctypes.c_int(), ctypes.c_int()
    xs, ys = [], []
    for x_pt, y_pt in ((box[0], box[1]), (box[2], box[3])):
        pdfium.FPDF_PageToDevice(page, 0, 0, *size_px, 0, x_pt, y_pt, x_px, y_px)
        xs.append(min(max(x_px.value, 0), size_px[0]))
        ys.append(min(max(y_px.value, 0), size_px[1]))
    return min(xs), min(ys), max(xs), max(ys)


def objects_of(page: Any) -> ObjectWalk:
    """Every object of a page, with its kind and the matrix of the form it is in."""
    return ObjectWalk(page)


class ObjectWalk:
    """The objects of a page, those of a form after those beside it; no more than any page has.

    After the last one `is_complete` says whether these were all.
    """

    def __init__(self, page: Any, *, most: int = _MAX_OBJECTS) -> None:
        self._page = page.raw
        self._left = most
        self.is_complete = False

    def __iter__(self) -> Iterator[tuple[Any, int, Matrix]]:
        waiting: list[tuple[Any, int, Matrix]] = [(None, 0, _IDENTITY)]
        while waiting:
            form, depth, matrix = waiting.pop()
            if depth > _MAX_DEPTH:
                return
            for obj in self._objects_in(form):
                kind = _kind(obj)
                yield obj, kind, matrix
                if kind == pdfium.FPDF_PAGEOBJ_FORM:
                    waiting.append((obj, depth + 1, _multiply(_matrix(obj), matrix)))
            if self._left < 0:
                return
        self.is_complete = True

    def _objects_in(self, form: Any) -> Iterator[Any]:
        """The objects of a form, or those of the page; the first ones where they are too many."""
        holder, count, get = self._page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject
        if form is not None:
            holder, count, get = form, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject
        every = max(0, count(holder))
        stop = min(every, self._left)
        self._left -= every
        for index in range(stop):
            yield get(holder, index)


def box_of(obj: Any, matrix: Matrix) -> Box:
    """Where an object lies on the page; `matrix` is that of the form it is in."""
    return _transform(bounds_of(obj), matrix)


def bounds_of(obj: Any) -> Box:
    """Where an object lies in the form it is in."""
    # One buffer for all: this runs over every object of a page.
    if not _get_bounds(obj, *_SIDE_POINTERS):
        return (0.0, 0.0, 0.0, 0.0)
    left, bottom, right, top = _SIDES
    return left.value, bottom.value, right.value, top.value


def _size_px(obj: Any) -> tuple[int, int]:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(obj, width, height)
    return width.value, height.value


def _matrix(form: Any) -> Matrix:
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(form, matrix):
        return _IDENTITY
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _multiply(inner: Matrix, outer: Matrix) -> Matrix:
    """The matrix that applies `inner` and then `outer` (PDF 32000-1, 8.3.4)."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _transform(box: Box, matrix: Matrix) -> Box:
    if matrix == _IDENTITY:
        return box
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def clip(box: Box, limit: Box) -> Box:
    """The part of a box that lies within another."""
    left, bottom = max(box[0], limit[0]), max(box[1], limit[1])
    return left, bottom, max(left, min(box[2], limit[2])), max(bottom, min(box[3], limit[3]))


def area_of(box: Box) -> float:
    """The area of a box in square points."""
    return (box[2] - box[0]) * (box[3] - box[1])

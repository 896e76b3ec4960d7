"""Text of a PDF page that the page does not show: taken from its objects, and so from its text layer.

hidden groups   text of optional content that is off (`optional_content` marks it)
off the page    text outside the part of the page that is shown, or of the clipping path it is drawn in
invisible       text that is not drawn; it stays where it lies on a picture, as the layer of a searchable scan
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.clipping import clipping_boxes
from worker.extract.pdf.optional_content import HIDDEN_KEY
from worker.extract.pdf.page_objects import Box, area_of, bounds_of, box_of, clip, objects_of, page_box

_INVISIBLE = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
# From this share of the page on, pictures are a scan, in strips or layers: its text may lie between them.
_SCANNED_SHARE = 0.5
_FULL_PAGE_SHARE = 0.85
# Under a smaller part of a page lies a logo, which no program makes searchable.
_MIN_PICTURE_SHARE = 0.03
# Of the area of the visible text: what a designed page hides on its background is less.
_MIN_LAYER_SHARE = 0.2
# The layer of a scan is a little off its picture.
_SLACK_PT = 12.0
_MAX_PICTURES = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a page shows beside its text: pictures. A searchable page has the layer of a scan.

    That is invisible, or lies beneath the picture. Unless `is_complete`, the page has more objects than are
    checked, and its text layer may have hidden text.
    """

    has_pictures: bool
    is_searchable: bool
    is_complete: bool


def remove_hidden_text(page: Any, *, has_hidden_groups: bool) -> Shown:
    """Take the text that is not shown from an open page.

    Of no effect on text pages that are open already. The caller holds the document's lock.
    """
    shown = page_box(page)
    invisible: list[tuple[Any, Box]] = []
    pictures: list[Box] = []
    visible_area, is_beneath = 0.0, False
    objects = objects_of(page)
    for obj, kind, matrix in objects:
        if has_hidden_groups and _is_in_hidden_group(obj):
            _remove(obj)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE and len(pictures) < _MAX_PICTURES:
            pictures.append(clip(box_of(obj, matrix), shown))
            is_beneath = is_beneath or (visible_area > 0.0 and _covers(obj, pictures[-1], shown))
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
            box = box_of(obj, matrix)
            if not _meets(box, shown) or _is_outside_clip(obj):
                _remove(obj)
            elif pdfium.FPDFTextObj_GetTextRenderMode(obj) == _INVISIBLE:
                invisible.append((obj, box))
            else:
                visible_area += area_of(box)
    has_layer = bool(invisible) and _remove_invisible(
        invisible, _places_of_layer(pictures, shown), visible_area
    )
    return Shown(
        has_pictures=bool(pictures),
        is_searchable=has_layer or is_beneath,
        is_complete=objects.is_complete,
    )


def _remove_invisible(
    invisible: Sequence[tuple[Any, Box]], places: Sequence[Box], visible_area: float
) -> bool:
    """Remove it, unless it is the layer of a scan; whether some stays."""
    on_pictures = [(obj, box) for obj, box in invisible if _is_on(box, places)]
    layer_area = sum(area_of(box) for _, box in on_pictures)
    is_layer = bool(on_pictures) and layer_area >= _MIN_LAYER_SHARE * visible_area
    kept = {id(obj) for obj, _ in on_pictures} if is_layer else set()
    for obj, _ in invisible:
        if id(obj) not in kept:
            _remove(obj)
    return is_layer


def _covers(picture: Any, box: Box, shown: Box) -> bool:
    is_whole = area_of(box) >= _FULL_PAGE_SHARE * area_of(shown)
    return is_whole and not pdfium.FPDFPageObj_HasTransparency(picture)


def _meets(box: Box, shown: Box) -> bool:
    # A text without ink, spaces, has a box without an area.
    return box[2] >= shown[0] and box[0] <= shown[2] and box[3] >= shown[1] and box[1] <= shown[3]


def _is_outside_clip(obj: Any) -> bool:
    """Whether an object lies outside of its clipping path; pdfium leaves out those that clip nothing."""
    path = pdfium.FPDFPageObj_GetClipPath(obj)
    if pdfium.FPDFClipPath_CountPaths(path) <= 0:
        return False
    left, bottom, right, top = bounds_of(obj)
    # The box of a font may be smaller than its characters.
    slack = max(_SLACK_PT, top - bottom)
    box = (left - slack, bottom - slack, right + slack, top + slack)
    return not all(_meets(box, clipping) for clipping in clipping_boxes(path))


def _remove(obj: Any) -> None:
    pdfium.FPDFPageObj_SetIsActive(obj, False)


def _is_in_hidden_group(obj: Any) -> bool:
    value = ctypes.c_int()
    return any(
        pdfium.FPDFPageObjMark_GetParamIntValue(pdfium.FPDFPageObj_GetMark(obj, index), HIDDEN_KEY, value)
        for index in range(max(0, pdfium.FPDFPageObj_CountMarks(obj)))
    )


def _places_of_layer(pictures: Sequence[Box], shown: Box) -> list[Box]:
    """Where invisible text is the layer of a scan."""
    page_area = max(1.0, area_of(shown))
    if sum(map(area_of, pictures)) < _SCANNED_SHARE * page_area:
        return [box for box in pictures if area_of(box) >= _MIN_PICTURE_SHARE * page_area]
    lefts, bottoms, rights, tops = zip(*pictures, strict=True)
    return [(min(lefts), min(bottoms), max(rights), max(tops))]


def _is_on(box: Box, places: Sequence[Box]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(
        left - _SLACK_PT <= x <= right + _SLACK_PT and bottom - _SLACK_PT <= y <= top + _SLACK_PT
        for left, bottom, right, top in places
    )

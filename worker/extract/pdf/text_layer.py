"""One PDF page's text layer: read, judged, and the pictures told whose text it does not have.

    nothing written  -> nothing drawn: blank; else: recognise the page
    doubtful         -> recognise the page, keep both (too_short, unmapped, garbage, script_mix)
    good             -> that is the page's text
    good, and there are pictures it says nothing of -> that, and what is recognised in them (mixed)

A scan that was made searchable is no mixed page: its picture lies under the layer that tells of it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.furigana import without_furigana
from worker.extract.pdf.layer_quality import LayerReason, doubt, may_be_misread, without_hyphens
from worker.extract.pdf.line_order import text_in_order
from worker.extract.pdf.page_objects import (
    Box,
    PlacedPicture,
    draws_more_than_text,
    has_invisible_text,
    outline_points,
    pictures_of,
)
from worker.extract.pdf.rotated_text import sideways_text
from worker.extract.text.normalise import clean

_SHORT_CHARS = 100
"""A layer shorter than that may be but a stamp or a page number on what was scanned or outlined."""
_MAX_UNMAPPED_SHARE = 0.2
_SAMPLED_GLYPHS = 100
_MIN_MIXED_SHARE = 0.02
"""Pictures that cover less of a page (all together) are logos and signatures."""
_TOLD_CHARS = 100
_TOLD_CHARS_FULL_PAGE = 400
"""A picture under so many characters of the layer is told by it: a searchable scan, a background."""
_MANY_OUTLINE_POINTS = 1_000
"""Some 50 outlined letters; the tables and rules of an ordinary page have less."""
_FULL_PAGE_SHARE = 0.85
_SCANNED_SHARE = 0.5
_MAX_RECTANGLES = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLayer:
    """What a page's layer says. `reason` is why it is doubted; without one it is the page's text.

    `pictures` hold text that the layer may not have, and `written` is where it lies over them. `drawn`
    tells whether the page shows anything but its text (looked at only where there is no text).
    """

    text: str
    reason: LayerReason | None = None
    pictures: tuple[Box, ...] = ()
    written: tuple[Box, ...] = ()
    drawn: bool = False


def read_layer(page: Any) -> TextLayer:
    """Read and judge the layer of an open page; the caller holds the document's lock."""
    with closing(page.get_textpage()) as layer:
        raw: str = sideways_text(page, layer) or without_furigana(layer, text_in_order(layer))
        text = clean(without_hyphens(raw))
        if not text:
            return TextLayer(text="", drawn=draws_more_than_text(page))
        reason = doubt(raw) or (LayerReason.UNMAPPED if _is_unmapped(layer) else None)
        pictures = () if reason else pictures_of(page)
        if _is_scan(pictures) and may_be_misread(raw) and has_invisible_text(page):
            reason = LayerReason.GARBAGE
        if reason is not None:
            return TextLayer(text=text, reason=reason)
        short = len("".join(text.split())) < _SHORT_CHARS
        pictures = _untold(page, layer, pictures, short=short)
        if short and _is_but_a_stamp(page, layer, pictures, text):
            return TextLayer(text=text, reason=LayerReason.TOO_SHORT)
        if sum(picture.share for picture in pictures) < _MIN_MIXED_SHARE:
            return TextLayer(text=text)
        boxes = tuple(picture.box for picture in pictures)
        return TextLayer(text=text, pictures=boxes, written=_written_on(layer, boxes))


def _is_scan(pictures: Sequence[PlacedPicture]) -> bool:
    """Whether pictures, a whole one or strips, cover most of the page."""
    return sum(picture.share for picture in pictures) > _SCANNED_SHARE


def _is_unmapped(layer: Any) -> bool:
    """Whether the fonts do not tell which characters their glyphs are (a sample of the page)."""
    count: int = layer.count_chars()
    sample = range(0, count, max(1, count // _SAMPLED_GLYPHS))
    unmapped: int = sum(pdfium.FPDFText_HasUnicodeMapError(layer, index) == 1 for index in sample)
    return unmapped > _MAX_UNMAPPED_SHARE * len(sample)


def _untold(
    page: Any, layer: Any, pictures: Sequence[PlacedPicture], *, short: bool
) -> tuple[PlacedPicture, ...]:
    """The pictures that the layer does not already tell of."""
    if not pictures or short:
        return tuple(pictures)
    searchable = any(picture.share >= _FULL_PAGE_SHARE for picture in pictures) and has_invisible_text(page)
    return () if searchable else tuple(picture for picture in pictures if not _is_told(layer, picture))


def _is_told(layer: Any, picture: PlacedPicture) -> bool:
    needed = _TOLD_CHARS + picture.share * (_TOLD_CHARS_FULL_PAGE - _TOLD_CHARS)
    return _chars_on(layer, picture.box) >= needed


def _is_but_a_stamp(page: Any, layer: Any, pictures: Sequence[PlacedPicture], text: str) -> bool:
    """Whether a short layer lies on the picture of a page, or beside letters that are outlines."""
    for picture in pictures:
        if picture.share >= _FULL_PAGE_SHARE or (
            picture.share > 0.1 and _chars_on(layer, picture.box) * 2 > len("".join(text.split()))
        ):
            return True
    return outline_points(page) > _MANY_OUTLINE_POINTS


def _chars_on(layer: Any, box: Box) -> int:
    left, bottom, right, top = box
    return len("".join(layer.get_text_bounded(left=left, bottom=bottom, right=right, top=top).split()))


def _written_on(layer: Any, boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The places of the layer's text that lie on the boxes."""
    count = min(pdfium.FPDFText_CountRects(layer, 0, -1), _MAX_RECTANGLES)
    sides = [ctypes.c_double() for _ in range(4)]
    found = []
    for index in range(count):
        if not pdfium.FPDFText_GetRect(layer, index, *sides):
            continue
        left, top, right, bottom = (side.value for side in sides)
        rectangle = (left, bottom, right, top)
        if any(_overlap(rectangle, box) for box in boxes):
            found.append(rectangle)
    return tuple(found)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

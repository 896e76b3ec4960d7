"""The text layer of one PDF page: read, checked, and the pictures whose text it lacks.

no text         -> nothing drawn: blank; else: OCR
low quality     -> OCR, keep both (too_short, unmapped, garbage, script_mix)
good            -> that is the page's text
good, and there are pictures it has no text of -> that, and OCR of the pictures (mixed)
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.layer.character_repair import keep_codes, repair
from worker.extract.pdf.layer.order.reading_order import read_text
from worker.extract.pdf.layer.quality import LayerReason, check_quality, drop_hyphens, may_be_misread
from worker.extract.pdf.layer.visibility import remove_hidden_text
from worker.extract.pdf.page_objects import (
    Box,
    PlacedPicture,
    draws_more_than_text,
    outline_points,
    pictures_of,
)
from worker.extract.text.normalise import clean

# A shorter layer may be no more than a stamp or a page number on a scanned or outlined page.
_SHORT_CHARS = 100
_MAX_UNMAPPED_SHARE = 0.2
_SAMPLED_GLYPHS = 100
# Pictures that cover less of a page (all together) are logos and signatures.
_MIN_MIXED_SHARE = 0.02
# The layer covers a picture that lies under so many of its characters: a searchable scan, a background.
_COVERED_CHARS = 100
_COVERED_CHARS_FULL_PAGE = 400
# Some 50 outlined characters; the tables and rules of an ordinary page have less.
_MANY_OUTLINE_POINTS = 1_000
_FULL_PAGE_SHARE = 0.85
_SCANNED_SHARE = 0.5
_MAX_RECTANGLES = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLayer:
    """The text layer of a page. `reason` is why it failed the quality check; None: it is the page's text.

    `pictures` hold text that the layer may lack, and `text_boxes` is where the layer's text lies on them.
    `has_drawing` says whether the page shows anything but text (checked only where there is no text).
    """

    text: str
    reason: LayerReason | None = None
    pictures: tuple[Box, ...] = ()
    text_boxes: tuple[Box, ...] = ()
    has_drawing: bool = False


def read_layer(page: Any, *, has_hidden_groups: bool = False) -> TextLayer:
    """Read and check the layer of an open page, without the text that the page does not show.

    `has_hidden_groups` is that of `OpenedPdf`. The caller holds the document's lock.
    """
    shown = remove_hidden_text(page, has_hidden_groups=has_hidden_groups)
    if not shown.is_complete:
        return TextLayer(text="", has_drawing=True)  # what is drawn of the page hides the rest, too
    with closing(page.get_textpage()) as layer:
        raw = repair(_raw_text(page, layer))
        # Fonts whose hyphen has two codes are often mapped by the second, which is to be invisible elsewhere.
        text = clean(drop_hyphens(raw).replace("\u00a0", " ").replace("\u00ad", "-"))
        if not text:
            return TextLayer(text="", has_drawing=_has_glyphs(layer) or draws_more_than_text(page))
        reason = check_quality(raw) or (LayerReason.UNMAPPED if _is_unmapped(layer) else None)
        pictures = pictures_of(page) if shown.has_pictures and not reason else ()
        if shown.is_searchable and _is_scan(pictures) and may_be_misread(raw):
            reason = LayerReason.GARBAGE
        if reason is LayerReason.UNMAPPED:
            text = clean(drop_hyphens(keep_codes(raw)))
        if reason is not None:
            return TextLayer(text=text, reason=reason)
        short = len("".join(text.split())) < _SHORT_CHARS
        if not short:
            pictures = _pictures_without_text(layer, pictures, is_searchable=shown.is_searchable)
        if short and _is_stamp(page, layer, pictures, text):
            return TextLayer(text=text, reason=LayerReason.TOO_SHORT)
        if sum(picture.share for picture in pictures) < _MIN_MIXED_SHARE:
            return TextLayer(text=text)
        boxes = tuple(dict.fromkeys(picture.box for picture in pictures))
        return TextLayer(text=text, pictures=boxes, text_boxes=_text_boxes(layer, boxes))


def _raw_text(page: Any, layer: Any) -> str:
    """The layer's text in reading order, without furigana."""
    text = read_text(page, layer)
    # Read one by one, a character beyond the first 65,536 may come as two surrogates.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_scan(pictures: Sequence[PlacedPicture]) -> bool:
    """Whether pictures, a whole one or strips, cover most of the page."""
    return sum(picture.share for picture in pictures) > _SCANNED_SHARE


def _is_unmapped(layer: Any) -> bool:
    """Whether the fonts do not map their glyphs to characters (a sample of the page)."""
    count: int = layer.count_chars()
    sample = range(0, count, max(1, count // _SAMPLED_GLYPHS))
    unmapped: int = sum(
        pdfium.FPDFText_HasUnicodeMapError(layer, index) == 1 or not pdfium.FPDFText_GetUnicode(layer, index)
        for index in sample
    )
    return unmapped > _MAX_UNMAPPED_SHARE * len(sample)


def _has_glyphs(layer: Any) -> bool:
    """Whether something is written on the page, although the layer names no character of it."""
    return any(
        not _is_blank(chr(pdfium.FPDFText_GetUnicode(layer, index)))
        and not pdfium.FPDFText_IsGenerated(layer, index)
        for index in range(min(layer.count_chars(), _SAMPLED_GLYPHS))
    )


def _is_blank(char: str) -> bool:
    # Python counts control codes as spaces, too.
    return char in "\t\n\r" or (char >= " " and char.isspace())


def _pictures_without_text(
    layer: Any, pictures: Sequence[PlacedPicture], *, is_searchable: bool
) -> tuple[PlacedPicture, ...]:
    """The pictures whose text the layer does not have."""
    # A scan that was made searchable is no mixed page: the layer is the text of its picture.
    if is_searchable and any(picture.share >= _FULL_PAGE_SHARE for picture in pictures):
        return ()
    return tuple(picture for picture in pictures if not _is_covered(layer, picture))


def _is_covered(layer: Any, picture: PlacedPicture) -> bool:
    needed = _COVERED_CHARS + picture.share * (_COVERED_CHARS_FULL_PAGE - _COVERED_CHARS)
    return _chars_on(layer, picture.box) >= needed


def _is_stamp(page: Any, layer: Any, pictures: Sequence[PlacedPicture], text: str) -> bool:
    """Whether a short layer lies on the picture of a page, or beside characters that are outlines."""
    for picture in pictures:
        if picture.share >= _FULL_PAGE_SHARE or (
            picture.share > 0.1 and _chars_on(layer, picture.box) * 2 > len("".join(text.split()))
        ):
            return True
    return outline_points(page) > _MANY_OUTLINE_POINTS


def _chars_on(layer: Any, box: Box) -> int:
    left, bottom, right, top = box
    return len("".join(layer.get_text_bounded(left=left, bottom=bottom, right=right, top=top).split()))


def _text_boxes(layer: Any, boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The rectangles of the layer's text that lie on the boxes."""
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

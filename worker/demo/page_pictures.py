"""Pictures of the samples' pages, and where on them is what a search found.

The samples are made by the demo itself: files of others are opened by the readers alone, in processes of
their own. Boxes are shares of the page's width and height, so that they fit a picture of any size.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pdf2image import convert_from_path
from PIL import Image
from pypdfium2 import PdfDocument

from worker.index.analysis.query_terms import QueryTerm
from worker.index.analysis.snippets import mark_all, marked_parts
from worker.models.file import FileType
from worker.models.page import IDENTITY, Page, TextSource

_DPI = 200
"""As the worker draws pages (CIS_DPI), which the boxes of its words are of."""
_SIZE_PX = (1_000, 1_400)
_PICTURES = frozenset({FileType.JPEG, FileType.PNG, FileType.TIFF})


@dataclass(frozen=True, kw_only=True, slots=True)
class HitBox:
    """A rectangle on a page, each value a share (0..1) of its width or height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PagePicture:
    """A page as it looks, in WebP, with the boxes of what was found on it."""

    image: bytes
    boxes: tuple[HitBox, ...] = ()


def page_picture(
    path: Path, file_type: FileType, page: Page, terms: Sequence[QueryTerm] = ()
) -> PagePicture | None:
    """The picture of a page with the boxes of `terms`; None of a file that has no pages to look at."""
    if file_type is FileType.PDF:
        (drawn,) = convert_from_path(path, dpi=_DPI, first_page=page.number, last_page=page.number)
    elif file_type in _PICTURES:
        with Image.open(path) as image:
            image.seek(page.number - 1)
            drawn = image.convert("RGB")
    else:
        return None
    size_px = drawn.size
    drawn.thumbnail(_SIZE_PX)
    data = io.BytesIO()
    drawn.save(data, "WEBP", quality=70)
    boxes = hit_boxes(page, terms, size_px) if terms else ()
    if terms and page.source is TextSource.TEXT_LAYER:
        boxes = tuple(_boxes_in_layer(path, page, terms))
    return PagePicture(image=data.getvalue(), boxes=boxes)


def hit_boxes(page: Page, terms: Sequence[QueryTerm], size_px: tuple[int, int]) -> tuple[HitBox, ...]:
    """The boxes of what `terms` find in the words of an OCRed page that was drawn `size_px` large."""
    words = json.loads(page.words)
    is_hit = [found for part, found in _parts(page, terms) for character in part if not character.isspace()]
    if len(is_hit) != sum(len("".join(text.split())) for text, *_ in words):
        return ()  # the text is not made of these words alone
    size = (page.width_px, page.height_px) if page.transform == IDENTITY else size_px
    boxes, at = [], 0
    for text, *rectangle, _confidence in words:
        count = len("".join(text.split()))
        for start, end in _runs(is_hit[at : at + count]):
            boxes.append(_on_page(_cut(rectangle, start / count, end / count), page.transform, size))
        at += count
    return tuple(boxes)


def _parts(page: Page, terms: Sequence[QueryTerm]) -> Iterator[tuple[str, bool]]:
    return marked_parts(mark_all(page.text, terms, is_ocr=page.source.has_ocr_text))


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of true values."""
    start = None
    for number, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = number
        elif not flag and start is not None:
            yield start, number
            start = None


def _cut(rectangle: Sequence[int], start: float, end: float) -> tuple[float, float, float, float]:
    """The part of a word's left, top, width, height between two shares of its characters."""
    left, top, width, height = rectangle
    if height > 2 * width:  # vertical
        return left, top + start * height, width, (end - start) * height
    return left + start * width, top, (end - start) * width, height


def _on_page(
    rectangle: tuple[float, float, float, float], transform: Sequence[float], size_px: tuple[int, int]
) -> HitBox:
    left, top, width, height = rectangle
    a, b, c, d, e, f = transform
    corners = [(left + x * width, top + y * height) for x in (0, 1) for y in (0, 1)]
    across = [(a * x + b * y + c) / size_px[0] for x, y in corners]
    down = [(d * x + e * y + f) / size_px[1] for x, y in corners]
    return HitBox(
        left=min(across), top=min(down), width=max(across) - min(across), height=max(down) - min(down)
    )


def _boxes_in_layer(path: Path, page: Page, terms: Sequence[QueryTerm]) -> Iterator[HitBox]:
    """Where the text layer of a PDF draws what was found."""
    found = {" ".join(part.split()) for part, is_hit in _parts(page, terms) if is_hit}
    with closing(PdfDocument(path)) as document:
        drawn = document[page.number - 1]
        width, height = drawn.get_size()
        letters = drawn.get_textpage()
        for text in found:
            search = letters.search(text, match_case=True)
            while (hit := search.get_next()) is not None:
                for number in range(letters.count_rects(*hit)):
                    left, bottom, right, top = letters.get_rect(number)
                    yield HitBox(
                        left=left / width,
                        top=1 - top / height,
                        width=(right - left) / width,
                        height=(top - bottom) / height,
                    )

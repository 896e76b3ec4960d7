"""Pages with words drawn where they are known to be, and what programs find in the PDFs made of them."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import PdfDocument

from worker.extract.image.affine import Transform
from worker.models.page import Page, TextSource
from worker.samples.fonts import Font, font_path

SIZE_PX = (1_000, 1_400)
LINES = ((100, 100, "営業 報告書"), (100, 220, "令和七年度の 売上"), (100, 340, "Sales report 2025"))
COLUMNS = ((800, 100, "吾輩は 猫である"), (680, 100, "名前は まだ無い"))
_FONT_PX = 48
_INK = 128
_MARGIN_PX = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnPage:
    """A picture with words, and the page that OCR would make of it."""

    picture: Image.Image
    page: Page

    @property
    def words(self) -> list[str]:
        """The words, in order."""
        return [word for word, *_ in json.loads(self.page.words)]

    def seen(self, picture: Image.Image, transform: Transform) -> DrawnPage:
        """Another picture of it as the page that was scanned, with the transform from this one to that."""
        return replace(self, picture=picture, page=replace(self.page, transform=transform))


def draw_page(*, vertical: bool = False) -> DrawnPage:
    """A page of two or three lines, or columns, with its words."""
    picture = Image.new("L", SIZE_PX, 255)
    words: list[list[object]] = []
    for left, top, line in COLUMNS if vertical else LINES:
        at = 0
        for word in line.split():
            ink = _draw_word(picture, word, left, top + at if vertical else top, 0 if vertical else at)
            words.append([word, ink[0], ink[1], ink[2] - ink[0], ink[3] - ink[1], 90.0])
            at = (ink[3] - top if vertical else ink[2] - left) + _FONT_PX // 3
    separator = "" if vertical else " "
    text = "\n".join(separator.join(line.split()) for *_, line in (COLUMNS if vertical else LINES))
    page = Page(
        number=1,
        text=text,
        source=TextSource.OCR,
        words=json.dumps(words),
        width_px=SIZE_PX[0],
        height_px=SIZE_PX[1],
    )
    return DrawnPage(picture=picture, page=page)


def _draw_word(
    picture: Image.Image, word: str, left: int, top: int, offset: int
) -> tuple[int, int, int, int]:
    """Draw a word, one character below the other where it is of a column; the box of its ink."""
    alone = Image.new("L", picture.size, 255)
    pen, font = ImageDraw.Draw(alone), ImageFont.truetype(str(font_path(Font.GOTHIC)), _FONT_PX)
    if offset or left < 600:
        pen.text((left + offset, top), word, font=font, fill=0)
    else:
        for row, character in enumerate(word):
            pen.text((left, top + row * _FONT_PX), character, font=font, fill=0)
    box = ink_of(alone, (0, 0, *alone.size))
    picture.paste(0, (0, 0), alone.point(lambda shade: 255 - shade))
    return box


def ink_of(picture: Image.Image, region: Sequence[int]) -> tuple[int, int, int, int]:
    """The box of what is dark in a region."""
    left, top, right, bottom = region
    dark = picture.convert("L").crop((left, top, right, bottom)).point(lambda shade: 255 * (shade < _INK))
    box = dark.getbbox()
    assert box is not None
    return left + box[0], top + box[1], left + box[2], top + box[3]


def ink_overlaps(path: Path, number: int, words: Sequence[str], *, scale: float = 2.0) -> dict[str, float]:
    """How well the box that a search finds for each word lies on the ink that is drawn there."""
    with closing(PdfDocument(path)) as pdf:
        page = pdf[number]
        picture = page.render(scale=scale).to_pil().convert("L")
        letters = page.get_textpage()
        overlaps = {}
        for word in words:
            hit = letters.search(word, match_case=True).get_next()
            assert hit is not None, (word, letters.get_text_range())
            boxes = [letters.get_charbox(index) for index in range(hit[0], hit[0] + hit[1])]
            found = _as_drawn(page, _around(boxes), picture.size)
            around = (*(side - _MARGIN_PX for side in found[:2]), *(side + _MARGIN_PX for side in found[2:]))
            overlaps[word] = overlap(found, ink_of(picture, around))
    return overlaps


def _around(boxes: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _as_drawn(page: Any, box: Sequence[float], size_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in a page's own space in pixels of the page as it is drawn."""
    xs, ys = [], []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, *size_px, 0, x, y, across, down)
        xs.append(across.value)
        ys.append(down.value)
    return min(xs), min(ys), max(xs), max(ys)


def draw(path: Path, page: int = 0, *, scale: float = 2.0) -> Image.Image:
    """A page as pdfium draws it, in grey."""
    with closing(PdfDocument(path)) as pdf:
        picture: Image.Image = pdf[page].render(scale=scale).to_pil().convert("L")
        return picture


def text_of(path: Path, page: int = 0) -> str:
    """The text of a page as pdfium has it."""
    with closing(PdfDocument(path)) as pdf:
        text: str = pdf[page].get_textpage().get_text_range()
        return text


def overlap(one: Sequence[int], other: Sequence[int]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared)

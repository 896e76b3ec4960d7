"""Whole pages read by the network alone: where the text is, in which order, and what it says.

Of a page that it cannot read well it says so after a sample of lines, and Tesseract reads that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from PIL import Image

from worker.extract.image.affine import turn
from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.detection import detect
from worker.extract.ocr.network.reading import label, read_lines
from worker.extract.ocr.network.reading_order import Row, reading_order
from worker.extract.ocr.network.sessions import detection
from worker.extract.ocr.network.turning import turn_boxes
from worker.extract.ocr.network.vertical import set_level, stack
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word
from worker.extract.text.script import HAN, LATIN, script_shares

_MAX_BOXES = 1_500
_SAMPLE_LINES = 4
_MIN_SAMPLE, _MIN_PAGE = 85.0, 85.0
"""Confidence below which Tesseract reads the page: it is turned, in another script, or no text at all."""
_MIN_LINE = 50.0
"""A line below it is noise."""
_MIN_READ = 0.85
"""Share of the area of all boxes that must be read."""
_UPRIGHT = 1.5
"""A box so many times as high as wide is part of a vertical text, or of a page that is turned."""
_MOST_UPRIGHT = 0.4
"""Share of the area of all boxes over which the page is one of these."""
_PARAGRAPH_GAP = 0.9
"""Part of a line's height: the space between lines of a paragraph is less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkPage:
    """The text of a page, its script (Latn or Hani), and what read it.

    `degrees` is how far the page was turned clockwise to be upright.
    """

    ocr_text: OcrText
    script: str
    degrees: int
    engine: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """How a page is to be turned, and whether its letters are Latin.

    `sample` has the words of the lines that showed it, by their boxes on the turned page.
    """

    degrees: int
    is_latin: bool
    sample: Mapping[Box, tuple[Word, ...]]


def read_page(page: Image.Image, *, languages: Sequence[str]) -> NetworkPage | None:
    """The text of a page in 8-bit grey; None where Tesseract should read it.

    The boxes of the words are those of the page turned upright.
    """
    boxes = detect(page, detection())
    if not boxes or len(boxes) > _MAX_BOXES:
        return None
    way = _way_to_read(page, boxes, languages)
    if way is None:
        return None
    upright = turn(page, way.degrees)
    blocks = reading_order(turn_boxes(boxes, page.size, way.degrees))
    ordered = [box for block in blocks for row in block for box in row]
    words = _read(upright, ordered, languages, way)
    ocr_text = OcrText.from_lines(_lines(blocks, words))
    read_px = _area_px(
        box for box, line in zip(ordered, words, strict=True) if _confidence([line]) >= _MIN_LINE
    )
    # What it detects and cannot read may be another script, or vertical text beside the horizontal.
    if (ocr_text.confidence or 0.0) < _MIN_PAGE or read_px < _MIN_READ * _area_px(boxes):
        return None
    return NetworkPage(
        ocr_text=ocr_text,
        script=LATIN if way.is_latin else HAN,
        degrees=way.degrees,
        engine=label(languages),
    )


def _way_to_read(page: Image.Image, boxes: Sequence[Box], languages: Sequence[str]) -> _Way | None:
    """How the page lies and in which script it is, by a few of its lines; None where they say nothing.

    Vertical text is Tesseract's: of its lines, turned, the network reads the characters, and no punctuation.
    """
    is_upright = _is_upright(boxes)
    sample = _sample(boxes, is_upright=is_upright)
    for degrees in (90, 270) if is_upright else (0, 180):
        # Turned by 270 degrees vertical text can be read, and by 90 it cannot.
        if degrees == 270 and _is_vertical(page, sample, languages):
            return None
        turned = turn_boxes(sample, page.size, degrees)
        words = read_lines(turn(page, degrees), turned, languages=languages)
        if _confidence(words) >= _MIN_SAMPLE:
            read = dict(zip(turned, words, strict=True))
            return _Way(degrees=degrees, is_latin=_is_latin(words), sample=read)
    return None


def _is_vertical(page: Image.Image, sample: Sequence[Box], languages: Sequence[str]) -> bool:
    """Whether characters that stand below each other are read when they are put beside each other."""
    strips = [strip for box in sample if (strip := set_level(page, box)) is not None]
    sheet, boxes = stack(strips)
    return bool(strips) and _confidence(read_lines(sheet, boxes, languages=languages)) >= _MIN_SAMPLE


def _is_upright(boxes: Sequence[Box]) -> bool:
    upright_px = _area_px(box for box in boxes if box.height > _UPRIGHT * box.width)
    return upright_px > _MOST_UPRIGHT * _area_px(boxes)


def _sample(boxes: Sequence[Box], *, is_upright: bool) -> list[Box]:
    """Every other one of the longest lines, in order."""

    def length(box: Box) -> float:
        return box.height / box.width if is_upright else box.width / box.height

    longest = sorted(boxes, key=lambda box: (-length(box), box.top, box.left))
    chosen = longest[: 2 * _SAMPLE_LINES : 2]
    return sorted(chosen, key=lambda box: (box.top, box.left))


def _read(
    page: Image.Image, boxes: Sequence[Box], languages: Sequence[str], way: _Way
) -> list[tuple[Word, ...]]:
    """The words of each box; those of the sample are read."""
    left = [box for box in boxes if box not in way.sample]
    read = dict(zip(left, read_lines(page, left, languages=languages, narrow=not way.is_latin), strict=True))
    again = [box for box, line in read.items() if not way.is_latin and _is_latin([line])]
    read.update(zip(again, read_lines(page, again, languages=languages), strict=True))
    read.update(way.sample)
    return [read[box] for box in boxes]


def _is_latin(lines: Sequence[Sequence[Word]]) -> bool:
    return script_shares("".join(word.text for line in lines for word in line)).latin > 0.5


def _confidence(lines: Sequence[Sequence[Word]]) -> float:
    words = [word for line in lines for word in line]
    chars = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / max(1, chars)


def _area_px(boxes: Iterable[Box]) -> int:
    return sum(box.width * box.height for box in boxes)


def _lines(blocks: Sequence[Sequence[Row]], words: Sequence[tuple[Word, ...]]) -> list[Line]:
    """A line for each row that says something; a block and a wide gap open a paragraph."""
    remaining = iter(words)
    lines: list[Line] = []
    for block in blocks:
        height_px = median(box.height for row in block for box in row)
        bottom_px: int | None = None
        for row in block:
            found = [word for _ in row for word in next(remaining)]
            if not found or _confidence([found]) < _MIN_LINE:
                continue
            top_px = min(box.top for box in row)
            is_far = bottom_px is None or top_px - bottom_px > _PARAGRAPH_GAP * height_px
            lines.append(Line.of(found, opens_paragraph=is_far))
            bottom_px = max(box.bottom for box in row)
    return lines

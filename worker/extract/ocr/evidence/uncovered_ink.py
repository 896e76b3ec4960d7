"""Ink that no line covers: the layout analysis leaves out widely spaced titles, and now and then a line.

A place is read again as one line, together with the line beside it where there is one, and kept where that
reads well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from worker.extract.image.grayscale import most_common_shade
from worker.extract.image.ink import ink_of, rules_of
from worker.extract.image.regions import boxes_of, regions_of
from worker.extract.ocr.evidence.reading_quality import is_convincing, plausible_chars
from worker.extract.ocr.tesseract_tsv import Line, OcrText

_TILE_PX = 8
_RULE_PX = 160
_MIN_SIDE_TILES, _MAX_HEIGHT_TILES = 3, 25
"""24 to 200 px: characters of titles; smaller ones are speckle, and larger ones drawings."""
_INK_SHARE = (0.06, 0.6)
_AROUND_LINE_PX = 10
_SAME_BAND = 0.5
_REACH = 3.0
"""Heights of a line: so far from its ends may characters of the same line stand."""
_SPARSE = 8.0
"""Times its height, for each character: a line that is longer was not read."""
_LONG = 8.0
"""Times its height: so long it is no part of a line but one, and what is beside it may be another column."""
_MOST_PLACES = 4
_MOST_REGIONS = 60
_MARGIN_PX = 12
_WORD_GAP = 0.15
_LINES_PX = (48, 36, 64)
_MIN_CHARS = 2

_LINE_PSM, _RAW_LINE_PSM = 7, 13
"""The second without layout analysis, which may leave a line out again; but speckle below it spoils that."""

Read = Callable[[Image.Image, int], OcrText]
"""A picture and the mode of page segmentation."""
Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def read_uncovered_ink(picture: Image.Image, ocr_text: OcrText, read: Read) -> OcrText:
    """The text with the lines that `read`, which reads one line, finds in ink outside its lines."""
    lines = list(ocr_text.lines)
    boxes = _find_uncovered(picture, lines)
    if not boxes or len(boxes) > _MOST_REGIONS // 2:
        return ocr_text  # a picture or a pattern: no place for a forgotten title
    found = False
    for box in sorted(boxes, key=_area, reverse=True)[:_MOST_PLACES]:
        beside = [line for line in lines if _belongs(_box(line), box)]
        whole = _around([box, *(_box(line) for line in beside if not _is_misread(line))])
        better = _line_of(picture, whole, read)
        if better is not None and _weight([better]) > _weight(beside):
            place = lines.index(beside[0]) if beside else _place(lines, better)
            lines = [line for line in lines if line not in beside]
            lines.insert(place, replace(better, opens_paragraph=True))
            found = True
    return OcrText.from_lines(lines) if found else ocr_text


def _line_of(picture: Image.Image, box: Box, read: Read) -> Line | None:
    # The model is particular about the height of a line, and a line costs a hundredth of a second.
    readings = (
        read(_squeeze(picture.crop(box), line_px), psm)
        for line_px in _LINES_PX
        for psm in (_LINE_PSM, _RAW_LINE_PSM)
    )
    ocr_text = next((ocr_text for ocr_text in readings if _is_line(ocr_text)), None)
    if ocr_text is None:
        return None
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    line = ocr_text.lines[0]
    # Where the words are in the squeezed picture says little of where they are on the page.
    word = replace(
        line.words[0],
        text=line.text,
        confidence=line.confidence,
        left=left,
        top=top,
        width=width,
        height=height,
    )
    return replace(line, words=(word,), left=left, top=top, width=width, height=height)


def _weight(lines: Sequence[Line]) -> float:
    return sum(plausible_chars(OcrText.from_lines([line])) * line.confidence for line in lines)


def _is_line(ocr_text: OcrText) -> bool:
    return len(ocr_text.lines) == 1 and ocr_text.chars >= _MIN_CHARS and is_convincing(ocr_text)


def _squeeze(cut: Image.Image, line_px: int) -> Image.Image:
    """A line of that height whose characters stand as close as in a word."""
    ink = np.asarray(ink_of(cut).any(axis=0))
    gap_px = max(1, round(_WORD_GAP * cut.height))
    columns, blank = [], 0
    for column, has_ink in enumerate(ink):
        blank = 0 if has_ink else blank + 1
        if blank <= gap_px:
            columns.append(column)
    pixels = np.asarray(cut)[:, columns]
    paper = most_common_shade(cut)
    scale = line_px / cut.height
    line = Image.fromarray(pixels).resize(
        (max(1, round(pixels.shape[1] * scale)), line_px), Image.Resampling.BICUBIC
    )
    return ImageOps.expand(line, _MARGIN_PX, fill=paper)


def _find_uncovered(picture: Image.Image, lines: Sequence[Line]) -> list[Box]:
    """The boxes of characters, by their size, that are outside all lines."""
    ink = ink_of(picture)
    ink &= ~rules_of(ink, _RULE_PX)
    cover = Image.new("L", picture.size, 0)
    for line in lines:
        if _is_misread(line):
            continue
        left, top, right, bottom = _box(line)
        around = (
            left - _AROUND_LINE_PX,
            top - _AROUND_LINE_PX,
            right + _AROUND_LINE_PX,
            bottom + _AROUND_LINE_PX,
        )
        ImageDraw.Draw(cover).rectangle(around, fill=1)
    ink &= np.asarray(cover) == 0
    boxes = []
    for region in _regions(ink):
        left, top, right, bottom = (_TILE_PX * edge for edge in region)
        share = float(ink[top:bottom, left:right].mean())
        if _INK_SHARE[0] <= share <= _INK_SHARE[1]:
            boxes.append((left, top, right, bottom))
    return _join(boxes)


def _join(boxes: Sequence[Box]) -> list[Box]:
    """The boxes with those that stand in one band, near each other, as one."""
    joined: list[Box] = []
    for box in sorted(boxes):
        near = next((other for other in joined if _are_beside(other, box)), None)
        if near is not None:
            joined.remove(near)
        joined.append(box if near is None else _around([near, box]))
    return joined


def _regions(ink: NDArray[np.bool_]) -> list[Box]:
    """Boxes in tiles of connected ink that are as high as characters."""
    rows, columns = (side // _TILE_PX for side in ink.shape)
    tiles = ink[: rows * _TILE_PX, : columns * _TILE_PX].reshape(rows, _TILE_PX, columns, _TILE_PX)
    dense = tiles.mean(axis=(1, 3)) > 0.03
    image = Image.fromarray(dense).convert("L").filter(ImageFilter.MaxFilter(3))
    labels = regions_of(np.asarray(image) > 0)
    labels[labels > _MOST_REGIONS] = 0
    return [
        box
        for box in boxes_of(labels, dense)
        if _MIN_SIDE_TILES <= box[3] - box[1] <= _MAX_HEIGHT_TILES and box[2] - box[0] >= _MIN_SIDE_TILES
    ]


def _is_misread(line: Line) -> bool:
    """Whether it has too few characters for its length; its box may then be that of several lines."""
    return line.width > _SPARSE * line.height * line.chars


def _is_whole_line(box: Box) -> bool:
    left, top, right, bottom = box
    return right - left > _LONG * (bottom - top)


def _belongs(line: Box, box: Box) -> bool:
    """Whether a line that was read may be part of the line in the box."""
    if _has_middle(box, line) or _has_middle(line, box):
        return True
    return _are_beside(line, box) and not (_is_whole_line(line) and _is_whole_line(box))


def _has_middle(box: Box, other: Box) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _place(lines: Sequence[Line], found: Line) -> int:
    """Beside the nearest line above or below it in its column; without one, by the height on the page."""
    left, top, right, _ = _box(found)
    near = [
        (abs(line.top - top), number + (line.top < top))
        for number, line in enumerate(lines)
        if min(right, line.left + line.width) - max(left, line.left) > line.width / 2
    ]
    return min(near)[1] if near else sum(line.top < top for line in lines)


def _are_beside(one: Box, other: Box) -> bool:
    """Whether two boxes are in one band, and near each other."""
    common = min(one[3], other[3]) - max(one[1], other[1])
    gap = max(one[0] - other[2], other[0] - one[2], 0)
    heights = one[3] - one[1], other[3] - other[1]
    return common > _SAME_BAND * min(heights) and gap <= _REACH * max(heights)


def _box(line: Line) -> Box:
    return line.left, line.top, line.left + line.width, line.top + line.height


def _around(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])

"""The second pass: lines with low confidence are read again by a neural network (`network`).

Layout and line boxes stay Tesseract's, which are right and cheap. The text of the higher confidence is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

_MIN_HEIGHT_PX = 8
_NETWORK_HEIGHT_PX = 48
_MIN_CHARS_SHARE = 0.5
"""A text with less than this share of the first one's characters missed a part of the line."""

LineReader = Callable[[Image.Image, Sequence[Box]], Sequence[tuple[Word, ...]]]
"""Of a page in grey and the boxes of its lines, the words of each line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineRerecognition:
    """Lines under this confidence (0..100) are read again: so many of a page, of so many pixels in all.

    Both limits count, and take no time: the same page gets the same text on any machine, under any load. The
    pixels are those of the network's input, whose lines are 48 high.
    """

    confidence: float
    max_lines: int
    max_pixels: int


def rerecognise_lines(
    picture: Image.Image, ocr_text: OcrText, options: LineRerecognition, *, read: LineReader
) -> tuple[OcrText, int]:
    """The text with the lines that `read` read better, and how many those are."""
    lines = list(ocr_text.lines)
    numbers = _to_read_again(lines, options)
    if not numbers:
        return ocr_text, 0
    better = 0
    boxes = [_box(lines[number]) for number in numbers]
    for number, words in zip(numbers, read(picture, boxes), strict=True):
        second = replace(lines[number], words=tuple(words))
        if _is_better(second, lines[number]):
            lines[number] = second
            better += 1
    return (OcrText.from_lines(lines), better) if better else (ocr_text, 0)


def _to_read_again(lines: Sequence[Line], options: LineRerecognition) -> list[int]:
    # The least sure lines first: a page that is bad all over gains the most by the lines it may have.
    unsure = sorted(
        (number for number, line in enumerate(lines) if _is_unsure(line, options.confidence)),
        key=lambda number: (lines[number].confidence, lines[number].top, lines[number].left),
    )
    numbers: list[int] = []
    left_pixels = options.max_pixels
    for number in unsure[: options.max_lines]:
        left_pixels -= _pixels(lines[number])
        if left_pixels < 0:
            break
        numbers.append(number)
    return numbers


def _is_unsure(line: Line, confidence: float) -> bool:
    # The network reads no vertical lines.
    is_horizontal = line.width >= line.height or line.chars == 1
    return line.confidence < confidence and line.height >= _MIN_HEIGHT_PX and is_horizontal


def _box(line: Line) -> Box:
    return Box(left=line.left, top=line.top, width=line.width, height=line.height)


def _pixels(line: Line) -> int:
    """Of the line at the height that the network reads, which its work grows with."""
    return round(_NETWORK_HEIGHT_PX**2 * line.width / line.height)


def _is_better(second: Line, first: Line) -> bool:
    return second.confidence > first.confidence and second.chars >= _MIN_CHARS_SHARE * first.chars

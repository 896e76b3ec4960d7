"""The second look: lines Tesseract is unsure of are read again by the neural line reader.

Layout and line boxes stay Tesseract's, which is right about them and cheap. Only horizontal lines: the
network reads no vertical ones. The line it is surer of is kept; the least sure lines come first, so that
a page that is bad all over gets the most for its budget.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from worker.extract.line_reader import read_line
from worker.extract.tsv import Line, Reading, Word, is_set_solid, reading_of

_MARGIN = 0.12
"""Part of a line's height that is added around its box: boxes cut off the ends of strokes."""
_LEAST_HEIGHT_PX = 8
_FEWEST_CHARS = 0.5
"""A reading with less than this part of the characters missed the rest of the line."""
_SPACES = re.compile(r"\s+")

LineReader = Callable[[Image.Image], tuple[str, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondLook:
    """When a line is read again: under this confidence (0..100), within so many CPU seconds a page."""

    confidence: float
    budget_s: float


def look_again(
    picture: Image.Image, reading: Reading, look: SecondLook, *, read: LineReader = read_line
) -> tuple[Reading, int]:
    """The reading with the lines that were read better by `read`, and how many those are."""
    began_s = time.thread_time()
    lines = list(reading.lines)
    unsure = sorted(
        (number for number, line in enumerate(lines) if _is_unsure(line, look.confidence)),
        key=lambda number: lines[number].confidence,
    )
    better = 0
    for number in unsure:
        if time.thread_time() - began_s > look.budget_s:
            break
        text, confidence = read(_cut_out(picture, lines[number]))
        again = _as_line(lines[number], text, confidence)
        if _is_better(again, lines[number]):
            lines[number] = again
            better += 1
    return (reading_of(lines), better) if better else (reading, 0)


def _is_unsure(line: Line, confidence: float) -> bool:
    is_horizontal = line.width >= line.height or line.chars == 1
    return line.confidence < confidence and line.height >= _LEAST_HEIGHT_PX and is_horizontal


def _is_better(again: Line, line: Line) -> bool:
    return again.confidence > line.confidence and again.chars >= _FEWEST_CHARS * line.chars


def _cut_out(picture: Image.Image, line: Line) -> Image.Image:
    margin_px = max(2, round(_MARGIN * line.height))
    return picture.crop(
        (
            max(0, line.left - margin_px),
            max(0, line.top - margin_px),
            min(picture.width, line.left + line.width + margin_px),
            min(picture.height, line.top + line.height + margin_px),
        )
    )


def _as_line(line: Line, text: str, confidence: float) -> Line:
    """The text in the line's box, a word for each piece between spaces, as wide as its part of the text."""
    pieces = _pieces(text)
    chars = sum(map(len, pieces)) + len(pieces) - 1
    words: list[Word] = []
    begin = 0
    for piece in pieces:
        left = line.left + round(line.width * begin / chars)
        right = line.left + round(line.width * (begin + len(piece)) / chars)
        word = Word(
            text=piece,
            left=left,
            top=line.top,
            width=right - left,
            height=line.height,
            confidence=confidence,
        )
        words.append(word)
        begin += len(piece) + 1
    return replace(line, words=tuple(words))


def _pieces(text: str) -> list[str]:
    """The text parted at its spaces, but for those that touch kana or kanji, which have none."""
    pieces: list[str] = []
    for piece in _SPACES.split(text.strip()):
        if pieces and (is_set_solid(pieces[-1][-1]) or is_set_solid(piece[0])):
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return pieces

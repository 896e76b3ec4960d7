"""The second pass: lines with low confidence are read again by a neural network (`rapidocr_lines`).

Layout and line boxes stay Tesseract's, which are right and cheap. The text of the higher confidence is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice

import numpy as np
from PIL import Image

from worker.extract.ocr.rapidocr_lines import read_line
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word
from worker.extract.text.script import is_unspaced

_MARGIN = 0.12
"""Part of a line's height that is added around its box: Tesseract's boxes cut off the ends of strokes."""
_MIN_HEIGHT_PX = 8
_NETWORK_HEIGHT_PX = 48
_WIDE_GAP = 1.0
"""Part of a line's height; a typed space is a third of it, an ideographic one is all of it at most."""
_RULE = 0.9
"""A row or column of the line image that is dark for this share of it is a ruled line."""
_MIN_CHARS_SHARE = 0.5
"""A text with less than this share of the first one's characters missed a part of the line."""
_SPACES = re.compile(r"\s+")

LineReader = Callable[[Image.Image], tuple[str, float]]


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
    picture: Image.Image, ocr_text: OcrText, options: LineRerecognition, *, read: LineReader = read_line
) -> tuple[OcrText, int]:
    """The text with the lines that `read` read better, and how many those are."""
    lines = list(ocr_text.lines)
    # The least sure lines first: a page that is bad all over gains the most by the lines it may have.
    unsure = sorted(
        (number for number, line in enumerate(lines) if _is_unsure(line, options.confidence)),
        key=lambda number: (lines[number].confidence, lines[number].top, lines[number].left),
    )
    better = 0
    left_pixels = options.max_pixels
    for number in unsure[: options.max_lines]:
        left_pixels -= _pixels(lines[number])
        if left_pixels < 0:
            break
        second = _restore_japanese_forms(_reread_line(picture, lines[number], read), lines[number])
        if _is_better(second, lines[number]):
            lines[number] = second
            better += 1
    return (OcrText.from_lines(lines), better) if better else (ocr_text, 0)


def _is_unsure(line: Line, confidence: float) -> bool:
    # The network reads no vertical lines.
    is_horizontal = line.width >= line.height or line.chars == 1
    return line.confidence < confidence and line.height >= _MIN_HEIGHT_PX and is_horizontal


def _pixels(line: Line) -> int:
    """Of the line at the height that the network reads, which its work grows with."""
    return round(_NETWORK_HEIGHT_PX**2 * line.width / line.height)


def _is_better(second: Line, first: Line) -> bool:
    return second.confidence > first.confidence and second.chars >= _MIN_CHARS_SHARE * first.chars


def _restore_japanese_forms(second: Line, first: Line) -> Line:
    """The line with the kanji of its first pass where the network has a Chinese form, such as 產 for 産.

    It was trained on both languages, and a search for 産業 does not find the other form. A line that
    Tesseract read with such characters, as its Chinese models do, is not changed.
    """
    first_text = "".join(word.text for word in first.words)
    chars = [char for word in second.words for char in word.text]
    if any(map(_is_foreign, first_text)) or not any(map(_is_foreign, chars)):
        return second
    matcher = SequenceMatcher(None, first_text, chars, autojunk=False)
    for tag, begin, end, second_begin, second_end in matcher.get_opcodes():
        if tag == "replace" and end - begin == second_end - second_begin:
            for before, place in zip(first_text[begin:end], range(second_begin, second_end), strict=True):
                chars[place] = before if _is_foreign(chars[place]) else chars[place]
    remaining = iter(chars)
    words = (replace(word, text="".join(islice(remaining, len(word.text)))) for word in second.words)
    return replace(second, words=tuple(words))


@lru_cache(maxsize=4_096)
def _is_foreign(char: str) -> bool:
    """Whether it is a kanji outside JIS X 0208 and the vendors' extensions of it (cp932)."""
    if not "\u4e00" <= char <= "\u9fff":
        return False
    try:
        char.encode("cp932")
    except UnicodeEncodeError:
        return True
    return False


def _reread_line(picture: Image.Image, line: Line, read: LineReader) -> Line:
    """The line with the words that `read` finds in it, cell by cell."""
    margin_px = max(2, round(_MARGIN * line.height))
    left, top = max(0, line.left - margin_px), max(0, line.top - margin_px)
    right = min(picture.width, line.left + line.width + margin_px)
    image = picture.crop((left, top, right, min(picture.height, line.top + line.height + margin_px)))
    words: list[Word] = []
    for begin, end in _cells(image, gap_px=round(_WIDE_GAP * line.height), margin_px=margin_px):
        whole = (begin, end) == (0, image.width)
        text, confidence = read(image if whole else image.crop((begin, 0, end, image.height)))
        box = line if whole else replace(line, left=left + begin, width=end - begin)
        words.extend(_words(box, text, confidence))
    return replace(line, words=tuple(words))


def _cells(image: Image.Image, *, gap_px: int, margin_px: int) -> list[tuple[int, int]]:
    """The columns of pixels (from, to) of a line image that hold text, split at wide gaps.

    The network writes the text on both sides of a wide gap without a space.
    """
    grey = np.asarray(image.convert("L"))
    dark = grey < (int(grey.min()) + int(grey.max())) / 2
    dark = dark[dark.mean(axis=1) < _RULE]
    ink = np.flatnonzero(dark.any(axis=0) & (dark.mean(axis=0) < _RULE)) if dark.size else np.array([])
    gaps = np.flatnonzero(np.diff(ink) > gap_px)
    if not gaps.size:
        return [(0, image.width)]
    begins, ends = ink[[0, *(gaps + 1)]], ink[[*gaps, -1]]
    return [
        (max(0, int(begin) - margin_px), min(image.width, int(end) + 1 + margin_px))
        for begin, end in zip(begins, ends, strict=True)
    ]


def _words(line: Line, text: str, confidence: float) -> list[Word]:
    """A word for each piece between spaces, its box as wide as its share of the text."""
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
    return words


def _pieces(text: str) -> list[str]:
    """The text split at its spaces, but for those beside kana or kanji, which are written without."""
    pieces: list[str] = []
    for piece in _SPACES.split(text.strip()):
        if pieces and (is_unspaced(pieces[-1][-1]) or is_unspaced(piece[0])):
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return pieces

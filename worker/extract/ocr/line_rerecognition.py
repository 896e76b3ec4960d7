"""The second pass: lines Tesseract is unsure of are read again by the neural line reader.

Layout and line boxes stay Tesseract's, which is right about them and cheap. Only horizontal lines: the
network reads no vertical ones. The line it is surer of is kept; the least sure lines come first, so that
a page that is bad all over gets the most for its budget.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice

import numpy as np
from PIL import Image

from worker.extract.ocr.rapidocr_lines import read_line
from worker.extract.ocr.tesseract_tsv import Line, Reading, Word, reading_of
from worker.extract.text.script import is_unspaced

_MARGIN = 0.12
"""Part of a line's height that is added around its box: boxes cut off the ends of strokes."""
_LEAST_HEIGHT_PX = 8
_WIDE_GAP = 1.0
"""Part of a line's height; a typed space is a third of it, an ideographic one is all of it at most."""
_RULE = 0.9
"""A row or column of the cut-out that is dark for so much of it is a ruled line."""
_FEWEST_CHARS = 0.5
"""A reading with less than this part of the characters missed the rest of the line."""
_SPACES = re.compile(r"\s+")

LineReader = Callable[[Image.Image], tuple[str, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class LineRerecognition:
    """When a line is read again: under this confidence (0..100), within so many CPU seconds a page."""

    confidence: float
    budget_s: float


def look_again(
    picture: Image.Image, reading: Reading, look: LineRerecognition, *, read: LineReader = read_line
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
        again = _in_japanese_forms(_read_again(picture, lines[number], read), lines[number])
        if _is_better(again, lines[number]):
            lines[number] = again
            better += 1
    return (reading_of(lines), better) if better else (reading, 0)


def _is_unsure(line: Line, confidence: float) -> bool:
    is_horizontal = line.width >= line.height or line.chars == 1
    return line.confidence < confidence and line.height >= _LEAST_HEIGHT_PX and is_horizontal


def _is_better(again: Line, line: Line) -> bool:
    return again.confidence > line.confidence and again.chars >= _FEWEST_CHARS * line.chars


def _in_japanese_forms(again: Line, line: Line) -> Line:
    """The line with the kanji of its first reading where the network has a Chinese form, such as 產 for 産.

    It was trained on both languages; nobody who looks for 産業 types the other. A line that Tesseract read
    with such characters, as its Chinese models do, is left alone.
    """
    first = "".join(word.text for word in line.words)
    chars = [char for word in again.words for char in word.text]
    if any(map(_is_foreign, first)) or not any(map(_is_foreign, chars)):
        return again
    for tag, begin, end, there, until in SequenceMatcher(None, first, chars, autojunk=False).get_opcodes():
        if tag == "replace" and end - begin == until - there:
            for before, place in zip(first[begin:end], range(there, until), strict=True):
                chars[place] = before if _is_foreign(chars[place]) else chars[place]
    left = iter(chars)
    words = (replace(word, text="".join(islice(left, len(word.text)))) for word in again.words)
    return replace(again, words=tuple(words))


@lru_cache(maxsize=4_096)
def _is_foreign(char: str) -> bool:
    """Whether it is a kanji outside JIS X 0208 and its makers' additions (cp932)."""
    if not "\u4e00" <= char <= "\u9fff":
        return False
    try:
        char.encode("cp932")
    except UnicodeEncodeError:
        return True
    return False


def _read_again(picture: Image.Image, line: Line, read: LineReader) -> Line:
    """The line as the network reads it, cell by cell: it reads over a wide gap as if there were none."""
    margin_px = max(2, round(_MARGIN * line.height))
    left, top = max(0, line.left - margin_px), max(0, line.top - margin_px)
    right = min(picture.width, line.left + line.width + margin_px)
    cut = picture.crop((left, top, right, min(picture.height, line.top + line.height + margin_px)))
    words: list[Word] = []
    for begin, end in _cells(cut, gap_px=round(_WIDE_GAP * line.height), margin_px=margin_px):
        whole = (begin, end) == (0, cut.width)
        text, confidence = read(cut if whole else cut.crop((begin, 0, end, cut.height)))
        box = line if whole else replace(line, left=left + begin, width=end - begin)
        words.extend(_words(box, text, confidence))
    return replace(line, words=tuple(words))


def _cells(cut: Image.Image, *, gap_px: int, margin_px: int) -> list[tuple[int, int]]:
    """From where to where the cut-out of a line has writing, parted at wide gaps; rules are no writing."""
    grey = np.asarray(cut.convert("L"))
    dark = grey < (int(grey.min()) + int(grey.max())) / 2
    dark = dark[dark.mean(axis=1) < _RULE]
    ink = np.flatnonzero(dark.any(axis=0) & (dark.mean(axis=0) < _RULE)) if dark.size else np.array([])
    gaps = np.flatnonzero(np.diff(ink) > gap_px)
    if not gaps.size:
        return [(0, cut.width)]
    begins, ends = ink[[0, *(gaps + 1)]], ink[[*gaps, -1]]
    return [
        (max(0, int(begin) - margin_px), min(cut.width, int(end) + 1 + margin_px))
        for begin, end in zip(begins, ends, strict=True)
    ]


def _words(line: Line, text: str, confidence: float) -> list[Word]:
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
    return words


def _pieces(text: str) -> list[str]:
    """The text parted at its spaces, but for those that touch kana or kanji, which have none."""
    pieces: list[str] = []
    for piece in _SPACES.split(text.strip()):
        if pieces and (is_unspaced(pieces[-1][-1]) or is_unspaced(piece[0])):
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return pieces

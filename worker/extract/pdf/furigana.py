"""Furigana on a PDF page: small kana beside a line tear its sentence apart, and repeat what stands there."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

_ALONE = re.compile(r"(?:^|\r\n)[\u3041-\u30ff ]{1,20}\r\n")
_KANA = re.compile(r"[\u3041-\u30ff]")
_SMALL = 0.65
"""Furigana are half as large as the writing below, headings and notes more."""
_LOWEST, _HIGHEST = 0.5, 1.6
"""How far beside the line, in sizes of its letters."""
_SAME_LINE = 0.4
_MAX_CHARS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A letter, its size, and where it begins: along its line, and across (up, or to the right)."""

    text: str
    along: float
    across: float
    size: float


def furigana(letters: Sequence[Letter]) -> Iterator[range]:
    """The runs of letters that are furigana within a line, in the order of the letters.

    A line of their own they may keep: forms have one for the reading of a name.
    """
    start = 0
    while start < len(letters):
        end = start
        while end < len(letters) and _is_like(letters[end], letters[start]):
            end += 1
        if 0 < start < end < len(letters) and _tears(letters[start:end], letters[start - 1], letters[end]):
            yield range(start, end)
        start = max(end, start + 1)


def without_furigana(layer: Any, text: str) -> str:
    """The text of a page of ordinary writing without furigana, whose lines are whole again."""
    if not _ALONE.search(text) or layer.count_chars() > _MAX_CHARS:
        return text
    place = 0
    for told, kept in _torn(layer):
        found = text.find(told, place)
        if found >= 0:
            text = text[:found] + kept + text[found + len(told) :]
            place = found
    return text


def _torn(layer: Any) -> Iterator[tuple[str, str]]:
    """Each place with furigana as it is told, from the letter before to the letter behind, and without."""
    told = [chr(pdfium.FPDFText_GetUnicode(layer, index) or 0xFFFD) for index in range(layer.count_chars())]
    drawn = [index for index in range(len(told)) if pdfium.FPDFText_IsGenerated(layer, index) != 1]
    letters = [_letter(layer, index, told[index]) for index in drawn]
    for run in furigana(letters):
        first, last = drawn[run.start - 1], drawn[run.stop]
        yield "".join(told[first : last + 1]), told[first] + told[last]


def _is_like(letter: Letter, first: Letter) -> bool:
    return bool(_KANA.match(letter.text)) and math.isclose(letter.size, first.size, rel_tol=0.05)


def _tears(run: Sequence[Letter], before: Letter, after: Letter) -> bool:
    """Whether the run stands over one of two letters that follow each other in one line."""
    one_line = abs(before.across - after.across) <= _SAME_LINE * after.size
    return one_line and (_stands_over(run, after) or _stands_over(run, before))


def _stands_over(run: Sequence[Letter], base: Letter) -> bool:
    """Whether the run is small beside the letter that is told before or after it, and near it."""
    middle = (run[0].along + run[-1].along) / 2
    near = abs(middle - base.along) <= (len(run) / 2 + 1.5) * base.size
    beside = _LOWEST * base.size <= run[0].across - base.across <= _HIGHEST * base.size
    return run[0].size <= _SMALL * base.size and near and beside


def _letter(layer: Any, index: int, text: str) -> Letter:
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), pdfium.FS_MATRIX()
    pdfium.FPDFText_GetCharOrigin(layer, index, x, y)
    pdfium.FPDFText_GetMatrix(layer, index, matrix)
    size = float(pdfium.FPDFText_GetFontSize(layer, index)) * math.hypot(matrix.c, matrix.d)
    return Letter(text=text, along=x.value, across=y.value, size=size)

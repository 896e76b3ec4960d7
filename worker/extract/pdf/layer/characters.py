"""Single characters of a PDF page: their text, their position and their size."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium


@dataclass(frozen=True, kw_only=True, slots=True)
class Character:
    """A character, its size, and where it begins: along its line, and across it (up, or to the right)."""

    text: str
    along: float
    across: float
    size: float


def _no_separator(_one: int, _other: int) -> str:
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderedText:
    """The text of a page in reading order.

    `characters` are those of the text, in its order; empty where their positions are not needed.
    `separator` is what belongs between two of them, by index, when those in between are left out.
    """

    text: str
    characters: Sequence[Character] = ()
    separator: Callable[[int, int], str] = _no_separator


def unicode_at(layer: Any, index: int) -> str:
    """The character at an index of the text page, U+FFFD where its font does not map it."""
    return chr(pdfium.FPDFText_GetUnicode(layer, index) or 0xFFFD)


def is_generated(layer: Any, index: int) -> bool:
    """Whether pdfium inserted the character (a space, a line end): the page does not draw it."""
    return bool(pdfium.FPDFText_IsGenerated(layer, index) == 1)


def origin_of(layer: Any, index: int) -> tuple[float, float]:
    """Where a character begins, in points."""
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(layer, index, x, y)
    return x.value, y.value


def size_of(layer: Any, index: int) -> float:
    """The size of a character in points as it is drawn: the font's size, scaled by the text matrix."""
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(layer, index, matrix)
    return float(pdfium.FPDFText_GetFontSize(layer, index)) * math.hypot(matrix.c, matrix.d)

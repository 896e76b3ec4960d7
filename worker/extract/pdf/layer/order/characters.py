"""Single characters of a PDF page: their text, their position and their size."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.page_objects import Box, page_box

_SPACE = ord(" ")
_UPRIGHT = 3.0
_FIRST_KANA, _LAST_KANA = 0x3041, 0x30FF
# Furigana are half as large as the text they annotate.
_MAX_SMALL = 0.7
_BACK_PT, _SAME_HEIGHT_PT = 1.0, 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Character:
    """A character, its size, and where it begins: along its line, and across it (up, or to the right).

    `before` is what separates it from the one before in the text: nothing, a space or a line end. `length`
    is how far it takes its line, `ink` the box of what it draws, `angle` how it is turned (degrees, counter-
    clockwise), `index` its place on pdfium's text page; `is_horizontal`: its line runs where it is turned to.
    """

    text: str
    along: float
    across: float
    size: float
    before: str = ""
    length: float = 0.0
    ink: Box = (0.0, 0.0, 0.0, 0.0)
    angle: float = 0.0
    index: int = 0
    is_horizontal: bool = True


def text_of(characters: Iterable[Character]) -> str:
    """The characters as text."""
    return "".join(character.before + character.text for character in characters)


def read_characters(page: Any, layer: Any, *, with_lengths: bool = True) -> list[Character]:
    """The characters within the page, each with where it begins on it, as pdfium reports the page's text."""
    left, bottom, right, top = page_box(page)
    read = _Reader(layer, with_lengths=with_lengths)
    found: list[Character] = []
    # pdfium ends a line in the text only where the next one is at another height.
    before, height, may_end = "", 0.0, False
    for index in range(layer.count_chars()):
        code, ink = pdfium.FPDFText_GetUnicode(layer, index), read.ink(index)
        has_ink = ink[0] < ink[2] and ink[1] < ink[3]
        if not (has_ink and ink[0] < right and left < ink[2] and ink[1] < top and bottom < ink[3]):
            if code != _SPACE:
                may_end = True
            elif not (before or may_end):
                before = " "
            continue
        x, y = read.origin(index)
        if may_end and y != height:
            before, height = f"{before}\r\n", y
        may_end = False
        if _is_low(code) and found and _is_high(found[-1].text):
            found[-1] = replace(found[-1], text=_joined(found[-1].text, code))
        elif code:
            found.append(read.character(index, code, (x, y), ink, before if found else ""))
            before = ""
    return found


def has_small_kana(layer: Any) -> bool:
    """Whether the page may have furigana: kana that are much smaller than its largest kanji."""
    read = _Reader(layer, with_lengths=False)
    kana, kanji = math.inf, 0.0
    for index in range(layer.count_chars()):
        code = pdfium.FPDFText_GetUnicode(layer, index)
        if _FIRST_KANA <= code <= _LAST_KANA:
            kana = min(kana, read.size(index))
        elif code > _LAST_KANA:
            kanji = max(kanji, read.size(index))
    return kana <= _MAX_SMALL * kanji


def has_late_characters(layer: Any) -> bool:
    """Whether a character begins before the one reported before it, in the same line."""
    read = _Reader(layer, with_lengths=False)
    last_x, last_y = 0.0, math.inf
    for index in range(layer.count_chars()):
        x, y = read.origin(index)
        if x < last_x - _BACK_PT and abs(y - last_y) < _SAME_HEIGHT_PT:
            return True
        last_x, last_y = x, y
    return False


def _is_high(text: str) -> bool:
    """Whether it is the first half of a character beyond the first 65,536, which pdfium reports as two."""
    return "\ud800" <= text <= "\udbff"


def _is_low(code: int) -> bool:
    return 0xDC00 <= code <= 0xDFFF


def _joined(high: str, low: int) -> str:
    return (high + chr(low)).encode("utf-16-le", "surrogatepass").decode("utf-16-le")


class _Reader:
    """Reads single characters of a text page into the same buffers: pages have thousands."""

    def __init__(self, layer: Any, *, with_lengths: bool) -> None:
        # As pdfium takes it: converting it costs as much as each call.
        self._layer, self._with_lengths = layer.raw, with_lengths
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._left, self._right = ctypes.c_double(), ctypes.c_double()
        self._bottom, self._top = ctypes.c_double(), ctypes.c_double()
        self._matrix, self._loose, self._width = pdfium.FS_MATRIX(), pdfium.FS_RECTF(), ctypes.c_float()

    def ink(self, index: int) -> Box:
        """The box of what a character draws."""
        pdfium.FPDFText_GetCharBox(self._layer, index, self._left, self._right, self._bottom, self._top)
        return self._left.value, self._bottom.value, self._right.value, self._top.value

    def origin(self, index: int) -> tuple[float, float]:
        """Where a character begins, in points."""
        pdfium.FPDFText_GetCharOrigin(self._layer, index, self._x, self._y)
        return self._x.value, self._y.value

    def character(
        self, index: int, code: int, place: tuple[float, float], ink: Box, before: str
    ) -> Character:
        """The character with all that is read of it."""
        angle, size = self._angle_and_size(index)
        return Character(
            text=chr(code),
            along=place[0],
            across=place[1],
            size=size,
            before=before,
            length=self._length(index, angle, size) if self._with_lengths else 0.0,
            ink=ink,
            angle=angle,
            index=index,
        )

    def size(self, index: int) -> float:
        """In which size it is drawn, in points."""
        return self._angle_and_size(index)[1]

    def _angle_and_size(self, index: int) -> tuple[float, float]:
        """The angle and the size in which it is drawn: the font's, scaled by the text matrix."""
        matrix = self._matrix
        pdfium.FPDFText_GetMatrix(self._layer, index, matrix)
        size = float(pdfium.FPDFText_GetFontSize(self._layer, index)) * math.hypot(matrix.c, matrix.d)
        is_upright = not matrix.b and matrix.a > 0
        return 0.0 if is_upright else math.degrees(math.atan2(matrix.b, matrix.a)), size

    def _length(self, index: int, angle: float, size: float) -> float:
        """How far it takes its line: the width of its font's box, not of its ink."""
        box = self._loose
        pdfium.FPDFText_GetLooseCharBox(self._layer, index, box)
        turn = abs((angle + 90) % 180 - 90)
        if turn <= _UPRIGHT:
            return float(box.right - box.left)
        if turn >= 90 - _UPRIGHT:
            return float(box.top - box.bottom)
        # The box is parallel to the page, so at an angle it is larger than the character.
        owner = pdfium.FPDFText_GetTextObject(self._layer, index)
        font = pdfium.FPDFTextObj_GetFont(owner) if owner else None
        code = pdfium.FPDFText_GetUnicode(self._layer, index)
        if font and pdfium.FPDFFont_GetGlyphWidth(font, code, size, self._width):
            return float(self._width.value)
        return size / 2

"""Where the words of a page's text layer stand, read when they are asked for: nothing stores them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from worker.errors import RejectedError
from worker.extract.pdf.annotations import flatten, open_form
from worker.extract.pdf.layer.character_repair import repair_each
from worker.extract.pdf.layer.order.characters import Character, text_of
from worker.extract.pdf.layer.order.reading_order import ordered_characters
from worker.extract.pdf.layer.quality import drop_hyphens
from worker.extract.pdf.layer.visibility import remove_hidden_text
from worker.extract.pdf.opening import open_document
from worker.extract.text.script import is_unspaced

# pdfium computes positions in whole pixels; so fine are these in points.
_PER_POINT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class WordBox:
    """A word and its box in points of the page as it is drawn: from its left, and from its top."""

    text: str
    left: float
    top: float
    width: float
    height: float


def words_of_page(path: Path, number: int, *, passwords: Sequence[str] = ()) -> tuple[WordBox, ...]:
    """The words of a page's layer in reading order; of scripts without spaces, each character is one.

    The first page has the number 1. Empty where the page has no layer, or none without hidden text. Raises
    RejectedError where the file cannot be opened or the page not be parsed, and ValueError where there is no
    such page.
    """
    opened = open_document(path, passwords)
    with closing(opened.document) as document:
        if not 1 <= number <= len(document):
            raise ValueError(f"there is no page {number}: the document has {len(document)}")
        open_form(document)
        try:
            page = document[number - 1]
            if flatten(page):
                page.close()
                page = document[number - 1]
            with closing(page):
                shown = remove_hidden_text(page, has_hidden_groups=opened.has_hidden_groups)
                if opened.has_unmarked_groups or not shown.is_complete:
                    return ()
                return _words_of(page)
        except pypdfium2.PdfiumError as error:
            raise RejectedError(f"page {number} cannot be parsed ({error})") from error


def _words_of(page: Any) -> tuple[WordBox, ...]:
    with closing(page.get_textpage()) as layer:
        words = _words(_repaired(ordered_characters(page, layer)))
        return tuple(_box(page, layer, word) for word in words)


def _repaired(characters: Sequence[Character]) -> Iterator[Character]:
    """The characters as they are read: mapped back, without hyphens of line ends."""
    pieces = iter(repair_each(text_of(characters)))
    for character in characters:
        read = ["".join(islice(pieces, len(part))) for part in (character.before, character.text)]
        text = drop_hyphens(read[1])
        if text:
            yield character if text == character.text else replace(character, text=text)


def _words(characters: Iterable[Character]) -> Iterator[list[Character]]:
    word: list[Character] = []
    for character in characters:
        is_end = character.before or character.text.isspace()
        if word and (is_end or is_unspaced(character.text[0]) or is_unspaced(word[-1].text[-1])):
            yield word
            word = []
        if not character.text.isspace():
            word.append(character)
    if word:
        yield word


def _box(page: Any, layer: Any, word: Sequence[Character]) -> WordBox:
    boxes = [layer.get_charbox(character.index) for character in word]
    left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, top = max(box[2] for box in boxes), max(box[3] for box in boxes)
    corners = [_as_drawn(page, *corner) for corner in ((left, bottom), (right, top))]
    xs, ys = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    return WordBox(
        text="".join(character.text for character in word),
        left=xs[0],
        top=ys[0],
        width=xs[1] - xs[0],
        height=ys[1] - ys[0],
    )


def _as_drawn(page: Any, x_pt: float, y_pt: float) -> tuple[float, float]:
    """A point of the page's content on the page as it is drawn: cut to what is shown, and rotated."""
    x, y = ctypes.c_int(), ctypes.c_int()
    width, height = (round(side * _PER_POINT) for side in page.get_size())
    pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, x_pt, y_pt, x, y)
    return x.value / _PER_POINT, y.value / _PER_POINT

"""Characters of the network made into words with boxes, as Tesseract has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from worker.extract.ocr.network.cells import Cell
from worker.extract.ocr.network.decoding import ReadChar
from worker.extract.ocr.tesseract_tsv import Word
from worker.extract.text.script import is_unspaced

_HESITATION = 0.02
"""Odds of a space that the network did not write. In half precision it writes others than in single."""
_SPACE_GAP, _GAP_OF_DIGITS = 0.175, 0.25
"""Part of a line's height: where it hesitates, so much without ink is a space; between digits more, since
those of some fonts stand wide apart, and a number in two is lost."""
_MARKS = ".,:"
"""Within a number one of these has a wide gap beside it, most of all in Japanese fonts."""


def words_of(chars: Sequence[ReadChar], cell: Cell) -> list[Word]:
    """The words of a cell.

    Kana and kanji are written without spaces; they and what stands between them are words of their own, since
    only characters of one width can be boxed within a word.
    """
    chars, box = _with_spaces(chars, cell), cell.box
    edges = _edges(chars)
    words: list[Word] = []
    for kind, run in groupby(range(len(chars)), key=lambda place: _kind(chars[place].char)):
        if kind is None:
            continue
        places = list(run)
        left = box.left + round(box.width * edges[places[0]])
        right = box.left + round(box.width * edges[places[-1] + 1])
        part = box.part(left, right)
        words.append(
            Word(
                text="".join(chars[place].char for place in places),
                left=part.left,
                top=part.top,
                width=part.width,
                height=part.height,
                confidence=sum(chars[place].confidence for place in places) / len(places),
            )
        )
    return words


def _with_spaces(chars: Sequence[ReadChar], cell: Cell) -> list[ReadChar]:
    """The characters with the spaces that the network nearly wrote and the ink shows."""
    spaced = list(chars[:1])
    for place, (first, second) in enumerate(pairwise(chars)):
        if _may_be_spaced(first, second) and not _is_in_number(chars, place):
            is_digits = first.char.isdigit() and second.char.isdigit()
            if cell.gap(_middle(first), _middle(second)) >= (_GAP_OF_DIGITS if is_digits else _SPACE_GAP):
                space = ReadChar(char=" ", begin=first.end, end=second.begin, confidence=100 * second.space)
                spaced.append(space)
        spaced.append(second)
    return spaced


def _may_be_spaced(first: ReadChar, second: ReadChar) -> bool:
    is_parted = any(char.isspace() or is_unspaced(char) for char in (first.char, second.char))
    return second.space >= _HESITATION and not is_parted


def _is_in_number(chars: Sequence[ReadChar], place: int) -> bool:
    """Whether a gap after a character is beside the mark in a number: 1,000 or 10:30."""
    around = "".join(char.char for char in chars[max(0, place - 1) : place + 3])
    return any(
        around[at] in _MARKS and around[at - 1].isdigit() and around[at + 1].isdigit()
        for at in range(1, len(around) - 1)
    )


def _middle(char: ReadChar) -> float:
    return (char.begin + char.end) / 2


def _kind(char: str) -> bool | None:
    return None if char.isspace() else is_unspaced(char)


def _edges(chars: Sequence[ReadChar]) -> list[float]:
    """Where each character begins and the last one ends: the network is sure of the middles alone."""
    middles = [_middle(char) for char in chars]
    return [0.0, *((first + second) / 2 for first, second in pairwise(middles)), 1.0]

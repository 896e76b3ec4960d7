"""Characters of the network made into words with boxes, as Tesseract has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.decoding import ReadChar
from worker.extract.ocr.tesseract_tsv import Word
from worker.extract.text.script import is_unspaced


def words_of(chars: Sequence[ReadChar], box: Box) -> list[Word]:
    """The words of a cell.

    Kana and kanji are written without spaces; they and what stands between them are words of their own, since
    only characters of one width can be boxed within a word.
    """
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


def _kind(char: str) -> bool | None:
    return None if char.isspace() else is_unspaced(char)


def _edges(chars: Sequence[ReadChar]) -> list[float]:
    """Where each character begins and the last one ends: the network is sure of the middles alone."""
    middles = [(char.begin + char.end) / 2 for char in chars]
    return [0.0, *((first + second) / 2 for first, second in pairwise(middles)), 1.0]

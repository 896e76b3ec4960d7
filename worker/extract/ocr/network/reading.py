"""Lines of one page read by the network: boxes in, words out. What the rest of `ocr` calls."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from worker.extract.ocr.network.cells import Box, Cell, cells
from worker.extract.ocr.network.recognition import read_lines as recognise
from worker.extract.ocr.network.sessions import recognition
from worker.extract.ocr.network.words import words_of
from worker.extract.ocr.tesseract_tsv import Word


def read_lines(
    page: Image.Image, boxes: Sequence[Box], *, languages: Sequence[str], narrow: bool = False
) -> list[tuple[Word, ...]]:
    """The words of each line of a page in 8-bit grey, in the order of the boxes; () where it reads none.

    All lines that are wanted of a page belong into one call: they are read in batches.
    """
    parts: list[tuple[int, Cell]] = [
        (number, cell) for number, box in enumerate(boxes) for cell in cells(page, box)
    ]
    readings = recognise([cell.picture for _, cell in parts], recognition(languages), narrow=narrow)
    lines: list[list[Word]] = [[] for _ in boxes]
    for (number, cell), reading in zip(parts, readings, strict=True):
        lines[number].extend(words_of(reading, cell))
    return [tuple(words) for words in lines]


def label(languages: Sequence[str]) -> str:
    """The library and the precision that the lines were read with, for the artifact."""
    return recognition(languages).label

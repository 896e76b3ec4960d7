"""Horizontal lines of a PDF page whose characters pdfium does not report from left to right.

Where a font lacks a character, programs leave a gap and draw it later in another font. pdfium then reports
it at the end of the line. Such lines are sorted by position; all others stay as reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.text.script import is_unspaced

_SAME_HEIGHT_PT = 0.5
_BACK_PT = 1.0
_MAX_STEPS_BACK = 0.34
# A space, in heights of the line.
_GAP, _GAP_OF_LATIN = 1.0, 0.25
# Characters closer than this part of the height are diacritics, or a word written over another one.
_OVERLAP = 0.15


def sort_lines(characters: Iterable[Character]) -> list[Character]:
    """The characters, the lines that are out of order sorted from left to right."""
    return [character for line in lines_of(characters) for character in _in_order(line)]


def lines_of(characters: Iterable[Character]) -> Iterator[list[Character]]:
    """The characters line by line."""
    line: list[Character] = []
    for character in characters:
        if "\n" in character.before and line:
            yield line
            line = []
        line.append(character)
    if line:
        yield line


def separator(one: str, other: str, gap: float) -> str:
    """What belongs between two characters of a line with a gap, in heights of the line, between them."""
    if one.isspace() or other.isspace():
        return ""
    is_latin = not (is_unspaced(one) or is_unspaced(other))
    return " " if gap > (_GAP_OF_LATIN if is_latin else _GAP) else ""


def _is_out_of_order(line: Sequence[Character]) -> bool:
    """Whether a few characters stand before those reported before them.

    In a line that runs from right to left most of them do, and that is its order.
    """
    steps = sum(
        after.along < before.along - _BACK_PT and abs(after.across - before.across) < _SAME_HEIGHT_PT
        for before, after in pairwise(line)
    )
    return 0 < steps <= _MAX_STEPS_BACK * len(line)


def _in_order(line: list[Character]) -> list[Character]:
    """The line from left to right; as it is where it is in order or cannot be sorted."""
    if not _is_out_of_order(line):
        return line
    ordered = sorted(line, key=lambda character: character.along)
    across = [character.across for character in ordered]
    height = max(character.ink[3] - character.ink[1] for character in ordered)
    steps = [after.along - before.along for before, after in pairwise(ordered)]
    if max(across) - min(across) >= _SAME_HEIGHT_PT or min(steps) <= _OVERLAP * height:
        return line
    first = replace(ordered[0], before=line[0].before)
    others = (
        replace(other, before=separator(one.text, other.text, (other.ink[0] - one.ink[2]) / height))
        for one, other in pairwise(ordered)
    )
    return [first, *others]

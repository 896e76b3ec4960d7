"""Furigana: small kana beside a line, which pdfium reports in the middle of the line's text.

They interrupt the sentence and repeat the reading of what stands there already. Where every line of a page
has them (for children, and for readers who learn Japanese), they would be lines of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.readings import readings

_KANA = re.compile(r"[\u3041-\u30ff]")
# Furigana are half as large as the text they annotate; headings and notes are larger than that.
_MAX_SIZE = 0.65
# How far beside the line they stand, in sizes of its characters.
_MIN_AWAY, _MAX_AWAY = 0.5, 1.6
_SAME_LINE = 0.4
# A character of the same line follows within so many sizes, else there is a space.
_NEXT = 2.5


def drop_furigana(characters: Sequence[Character]) -> list[Character]:
    """The characters of a page without furigana that interrupt its lines or stand over all of them."""
    dropped = {index for run in furigana_runs(characters) for index in run}
    dropped |= readings(characters)
    if not dropped:
        return list(characters)
    kept: list[Character] = []
    between = ""
    for index, character in enumerate(characters):
        between += character.before
        if index in dropped:
            continue
        is_torn = index - 1 in dropped and bool(kept)
        kept.append(
            replace(character, before=_between(kept[-1], character, between)) if is_torn else character
        )
        between = ""
    return kept


def _between(one: Character, other: Character, separators: str) -> str:
    """What belongs between two characters when the furigana between them are left out."""
    larger = max(one.size, other.size)
    is_one_line = abs(one.across - other.across) <= _SAME_LINE * larger
    step = other.along - one.along
    if is_one_line and 0 < step <= _NEXT * larger:
        return ""
    line_end = "\r\n" if "\r" in separators else "\n"
    return line_end if "\n" in separators else separators[:1]


def furigana_runs(characters: Sequence[Character]) -> Iterator[range]:
    """The runs of characters that are furigana within a line, in the order of the text.

    Furigana on a line of their own are none of these: forms have a line for the reading of a name.
    """
    start = 0
    while start < len(characters):
        end = start
        while end < len(characters) and _is_like(characters[end], characters[start]):
            end += 1
        if 0 < start < end < len(characters) and _is_interruption(
            characters[start:end], characters[start - 1], characters[end]
        ):
            yield range(start, end)
        start = max(end, start + 1)


def _is_like(character: Character, first: Character) -> bool:
    return bool(_KANA.match(character.text)) and math.isclose(character.size, first.size, rel_tol=0.05)


def _is_interruption(run: Sequence[Character], before: Character, after: Character) -> bool:
    """Whether the run stands beside one of two characters that follow each other in one line."""
    is_one_line = abs(before.across - after.across) <= _SAME_LINE * after.size
    return is_one_line and (_is_beside(run, after) or _is_beside(run, before))


def _is_beside(run: Sequence[Character], base: Character) -> bool:
    """Whether the run is small beside a character of the line, and near it."""
    middle = (run[0].along + run[-1].along) / 2
    near = abs(middle - base.along) <= (len(run) / 2 + 1.5) * base.size
    beside = _MIN_AWAY * base.size <= run[0].across - base.across <= _MAX_AWAY * base.size
    return run[0].size <= _MAX_SIZE * base.size and near and beside

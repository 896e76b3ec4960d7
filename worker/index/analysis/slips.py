"""Slips of the pen and the eye: characters that are wrong, missing, too many or swapped with the next.

The distance of words is that of Damerau and Levenshtein in its restricted form (optimal string alignment), as
Lucene's fuzzy queries count it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_LEAST_RUN, _MOST_RUN = 4, 22
_LONG_RUN = 12
"""Beyond it a run is cut at every place once: ways cost a search in proportion to its length squared."""
_LEAST_SWAPPED = 5
_LEAST_LEFT = 3
_SURE_RUN = 7
_ONE_EDIT, _TWO_EDITS = 4, 8
_MOST_APART = 20
_LEAST_BEGINNING = 4


def allowed_edits(word: str) -> int:
    """How many edits away a word may be: one from four letters on, two from eight."""
    if len(word) < _ONE_EDIT or not word.isalpha():
        return 0
    return 2 if len(word) >= _TWO_EDITS else 1


def can_be_apart(word: str) -> bool:
    """Whether a word in Latin letters may be written as two."""
    return word.isascii() and word.isalpha() and _ONE_EDIT <= len(word) <= _MOST_APART


def can_begin(text: str) -> bool:
    """Whether a folded term may be the beginning of a longer word or number: printersetup, inv-2024-03."""
    return text.isascii() and text[-1:].isalnum() and sum(map(str.isalnum, text)) >= _LEAST_BEGINNING


def halves(run: str) -> Iterator[tuple[str, str]]:
    """What stands before and after each place at which a run of characters may have a slip.

    What is left of a side that is a single character is "". Three characters are left at least, and all of
    the run but two (three of a run of seven or more): 都庁 alone is not near 東京都庁.
    """
    if not _LEAST_RUN <= len(run) <= _MOST_RUN:
        return
    seen: set[tuple[str, str]] = set()
    least = max(_LEAST_LEFT, len(run) - (3 if len(run) >= _SURE_RUN else 2))
    for start, end in _cuts(len(run)):
        before, after = (side if len(side) > 1 else "" for side in (run[:start], run[end:]))
        if len(before) + len(after) >= least and (before, after) not in seen:
            seen.add((before, after))
            yield before, after


def _cuts(length: int) -> Iterator[tuple[int, int]]:
    """One character and, for a swap, two; of a long run two alone, which hold the one."""
    if length <= _LONG_RUN:
        yield from ((start, start + 1) for start in range(length))
    if length >= _LEAST_SWAPPED:
        yield from ((start, start + 2) for start in range(length - 1))


@lru_cache(maxsize=64)
def run_pattern(run: str) -> re.Pattern[str] | None:
    """What is like a run in a folded text; None where it is too short or too long to have a slip."""
    most = 3 if len(run) > _LONG_RUN else 2
    sides = [(re.escape(before), re.escape(after)) for before, after in halves(run)]
    both = [f"{before}.{{0,{most}}}{after}" for before, after in sides if before and after]
    one = dict.fromkeys(before or after for before, after in sides if not (before and after))
    return re.compile("|".join((*both, *one)), re.DOTALL) if both or one else None


def is_similar(word: str, other: str, most: int) -> bool:
    """Whether at most `most` edits make the one word of the other."""
    if abs(len(word) - len(other)) > most:
        return False
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, start=1):
        this = [row]
        for column, second in enumerate(other, start=1):
            cost = min(last[column] + 1, this[-1] + 1, last[column - 1] + (letter != second))
            is_swap = row > 1 and column > 1 and letter == other[column - 2] and second == word[row - 2]
            if is_swap:
                cost = min(cost, before_last[column - 2] + 1)
            this.append(cost)
        if min(this) > most:
            return False
        before_last, last = last, this
    return last[-1] <= most

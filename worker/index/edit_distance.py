"""Words that differ by a few letters that are wrong, missing, too many or swapped with the next.

The distance is that of Damerau and Levenshtein in its restricted form (optimal string alignment), as Lucene's
fuzzy queries count it.
"""

from __future__ import annotations


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

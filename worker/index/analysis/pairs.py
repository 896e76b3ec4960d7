"""Pairs: words are indexed as they are, runs of unspaced script, which no blanks part, as overlapping pairs.

営業報告 becomes 営業 業報 報告 告: the last character alone, so that a query of one character finds it as the
beginning of a term.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from worker.index.analysis.characters import CJK, WORD_CHARACTER

_PIECES = re.compile(rf"(?P<run>[{CJK}](?:\s*[{CJK}])*)|(?:{WORD_CHARACTER})+")


def pieces(folded: str) -> Iterator[tuple[str, bool]]:
    """Words unchanged, and runs (True) without white space, which comes from layout and OCR."""
    for match in _PIECES.finditer(folded):
        run = match["run"]
        yield ("".join(run.split()), True) if run else (match[0], False)


def pairs(folded: str) -> Iterator[str]:
    """The pairs and words of a folded text, in its order."""
    for piece, is_run in pieces(folded):
        if is_run:
            for first, second in pairwise(piece):
                yield first + second
            yield piece[-1]
        else:
            yield piece


def query_pairs(folded: str) -> tuple[tuple[str, ...], bool]:
    """The sequence that finds a folded term, and whether its last token is only the beginning of one."""
    found = list(pieces(folded))
    if not found:
        return (), False
    last, last_is_run = found[-1]
    sequence = list(pairs(folded))
    if last_is_run and len(last) > 1:
        sequence.pop()  # in the document the run may continue, and then has no single character here
    return tuple(sequence), last_is_run and len(last) == 1

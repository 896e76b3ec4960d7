"""Which letters beyond ASCII are one when case does not count: И and и, ß and ss."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

_LETTERS = range(0x80, 0x1E944)


def case_forms(folded: str) -> Iterator[tuple[str, ...]]:
    """The pieces of a case-folded text in order, each with what is folded to it: ("и", "И").

    A small ASCII letter stands for the capital, too.
    """
    forms, piece = _forms()
    for match in piece.finditer(folded):
        yield (match[0], *forms.get(match[0], ()))


@cache
def _forms() -> tuple[Mapping[str, tuple[str, ...]], re.Pattern[str]]:
    """The characters by what each is folded to, and the pattern of a piece, the longest first."""
    forms: dict[str, tuple[str, ...]] = {}
    for letter in map(chr, _LETTERS):
        folded = letter.casefold()
        # Others are not in a normalised text.
        if folded != letter and unicodedata.normalize("NFKC", letter) == letter:
            forms[folded] = (*forms.get(folded, ()), letter)
    several = sorted((form for form in forms if len(form) > 1), key=len, reverse=True)
    return forms, re.compile("|".join((*several, ".")), re.DOTALL)

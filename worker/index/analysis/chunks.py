"""A long text in pieces that are analysed one by one, so that its size costs time and not memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

CHUNK_CHARS = 50_000
# Where no word, date or number goes on: a blank line, the end of a sentence, then the end of a line, a blank.
_BOUNDARIES = tuple(re.compile(pattern) for pattern in (r"\n\s*\n|[。！？]|[.!?]\s", r"\n", r"\s|[、，]"))


def chunks(text: str) -> Iterator[str]:
    """Pieces of at most 50,000 characters, cut where a sentence ends as far as there is such a place."""
    start = 0
    while len(text) - start > CHUNK_CHARS:
        end = _cut(text, start + CHUNK_CHARS // 2, start + CHUNK_CHARS)
        yield text[start:end]
        start = end
    yield text[start:]


def _cut(text: str, least: int, limit: int) -> int:
    for boundary in _BOUNDARIES:
        # From the end: the last page of 1,000 characters nearly always has one.
        for begin in range(limit - 1_000, least - 1_000, -1_000):
            found = [match.end() for match in boundary.finditer(text, max(begin, least), begin + 1_000)]
            if found:
                return found[-1]
    return limit

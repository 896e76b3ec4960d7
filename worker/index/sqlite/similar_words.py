"""The words of a SQLite index that are like a mistyped one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from worker.index.analysis.slips import is_similar
from worker.index.clauses import MAX_SIMILAR


class SimilarWords:
    """Those of one search, which asks for a word in several tiers: each is looked for once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, int], Sequence[str]] = {}

    def __call__(self, word: str, edits: int) -> Sequence[str]:
        """The words within some edits of a word that begin alike, those within one edit first."""
        if (word, edits) not in self._known:
            self._known[word, edits] = self._find(word, edits)
        return self._known[word, edits]

    def _find(self, word: str, edits: int) -> Sequence[str]:
        first, letters = word[0], set(word)
        # The rows come one by one, so that the deadline of the statement holds for what is compared here.
        rows = self._connection.execute(
            "SELECT term FROM page_vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (first, chr(ord(first) + 1), len(word) - edits, len(word) + edits),
        )
        found = [
            term
            for (term,) in rows
            # An edit changes two letters at most; to compare them is quicker by far.
            if len(letters.symmetric_difference(term)) <= 2 * edits and is_similar(word, term, edits)
        ]
        return sorted(found, key=lambda term: not is_similar(word, term, 1))[:MAX_SIMILAR]

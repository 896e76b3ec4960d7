"""Words in Latin letters: their English stems, and the words of a file name (AnnualReport2024_v2.pdf)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

from worker.index.analysis.folding import fold_text

if TYPE_CHECKING:
    from typing import Protocol

    class Stemmer(Protocol):
        """A stemmer of snowballstemmer."""

        def stemWord(self, word: str) -> str:  # noqa: N802 - the library's name
            """The stem of a word in lower case."""


WORD = re.compile(r"(?<![a-z0-9_])[a-z]+(?:'[a-z]+)*(?![a-z0-9_])")
"""A word in a folded text; one with digits has no stem."""
# They are in every English text, and a question has them by its grammar.
STOP_WORDS = frozenset(
    {
        *(
            "a",
            "an",
            "the",
            "and",
            "or",
            "of",
            "in",
            "on",
            "at",
            "to",
            "for",
            "from",
            "by",
            "with",
            "without",
            "as",
        ),
        *(
            "is",
            "are",
            "was",
            "were",
            "be",
            "been",
            "am",
            "do",
            "does",
            "did",
            "has",
            "have",
            "had",
            "it",
            "its",
        ),
        *(
            "this",
            "that",
            "these",
            "those",
            "there",
            "their",
            "they",
            "we",
            "our",
            "you",
            "your",
            "he",
            "she",
        ),
        *(
            "his",
            "her",
            "i",
            "my",
            "me",
            "us",
            "them",
            "what",
            "which",
            "who",
            "whom",
            "when",
            "where",
            "why",
        ),
        *("how", "not", "no", "if", "then", "than", "so", "can", "could", "will", "would", "shall", "should"),
        *("may", "might", "must", "about", "into", "any", "all", "please", "find", "show"),
    }
)
# Where one word of a name ends and the next begins: aB, ABc, a1, 1a.
_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+|\d+")


def stems(folded: str) -> Iterator[str]:
    """The stems of the English words of a folded text, without stop words."""
    return (stem(match[0]) for match in WORD.finditer(folded) if match[0] not in STOP_WORDS)


def stem(word: str) -> str:
    """The stem of a folded word: report for reports, reported and reporting."""
    return _stem(word)


def name_words(name: str) -> Iterator[str]:
    """The words and numbers of a file name or path, folded; letters are parted from digits."""
    for part in _LATIN.findall(_BORDER.sub(" ", unicodedata.normalize("NFKC", name))):
        folded = fold_text(part)
        yield folded if folded.isdigit() else stem(folded)


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return _stemmer().stemWord(word)


@cache
def _stemmer() -> Stemmer:
    import snowballstemmer  # noqa: PLC0415 - 30 languages, 50 ms

    return cast("Stemmer", snowballstemmer.stemmer("english"))

"""The streams of tokens that both indexes have of a text, and those of a query that find it.

    pairs        pairs of characters and words of the folded text: what is written is found
    words        Japanese words in their usual form (申込み, 申し込む), loan words of Latin letters too
    parts        the parts of compounds in the same form; never in one field with `words`
    readings     kana for words in kanji, of two neighbours together, too
    entities     dates, numbers and codes, the same in every form
    lookalikes   the pairs in shapes that OCR confuses; OCRed pages only
    stems        stems of English words, and the words of file names

No token has a blank, so that a stream joined by blanks is a text for a whitespace analyzer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import chain
from typing import TypeAlias

from worker.index.analysis.chunks import chunks
from worker.index.analysis.folding import fold_text, standardise
from worker.index.analysis.lookalikes import lookalikes
from worker.index.analysis.pairs import pairs
from worker.index.analysis.stems import name_words, stems
from worker.index.analysis.values.entities import entities
from worker.index.analysis.words import Word, dictionary, words

Tokens: TypeAlias = tuple[str, ...]

_ANALYSIS_VERSION = 2
# Raised by every change that makes other tokens of the same text.
VERSION = f"{_ANALYSIS_VERSION} {dictionary()}"
"""Which analysis makes the tokens of this process; it finds nothing in an index with those of another."""
MAX_TOKENS = 2_000_000
"""Of each stream of a page but `pairs`, which has every character: some 5 million characters of Japanese."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Streams:
    """The tokens of a text, by stream; `readings` and `entities` have each once and in no order."""

    pairs: Tokens = ()
    words: Tokens = ()
    parts: Tokens = ()
    readings: Tokens = ()
    entities: Tokens = ()
    lookalikes: Tokens = ()
    stems: Tokens = ()


_NAMES = tuple(field.name for field in fields(Streams))
_UNIQUE = frozenset({"readings", "entities"})


def analyse(text: str, *, is_ocr: bool, is_name: bool = False, has_words: bool = True) -> Streams:
    """The streams of a page, or of a file's name and path with `is_name`.

    Without `has_words` there are no Japanese words, as in an index that was made without a dictionary.
    A very long text is better taken from `analyse_in_chunks`, one piece at a time.
    """
    pieces = list(analyse_in_chunks(text, is_ocr=is_ocr, is_name=is_name, has_words=has_words))
    if len(pieces) == 1:
        return pieces[0]
    joined = {name: tuple(chain.from_iterable(getattr(piece, name) for piece in pieces)) for name in _NAMES}
    return Streams(**joined)


def analyse_in_chunks(
    text: str, *, is_ocr: bool, is_name: bool = False, has_words: bool = True
) -> Iterator[Streams]:
    """The streams of a text piece by piece; together at most MAX_TOKENS each, and nothing unique twice."""
    limit = _Limit()
    for chunk in chunks(text):
        with_words = has_words and not limit.is_reached
        yield limit.cut(_streams(chunk, is_ocr=is_ocr, is_name=is_name, with_words=with_words))


def readings(found: Iterable[Word]) -> Iterator[str]:
    """The readings of words and of two that stand side by side, as a whole name does."""
    last: Word | None = None
    for word in found:
        yield from word.readings
        joint = joint_reading(last, word) if last else None
        if joint:
            yield joint
        last = word


def joint_reading(first: Word, second: Word) -> str | None:
    """The reading of two words that stand side by side, None where they do not or have none."""
    if first.end != second.start or not (first.readings and second.readings):
        return None
    return first.readings[0] + second.readings[0]


def _streams(text: str, *, is_ocr: bool, is_name: bool, with_words: bool) -> Streams:
    folded = fold_text(text)
    found = list(words(standardise(text))) if with_words else []
    return Streams(
        pairs=tuple(pairs(folded)),
        words=tuple(word.form for word in found),
        parts=tuple(part for word in found for part in word.parts),
        readings=tuple(readings(found)),
        entities=tuple(token for entity in entities(folded) for token in entity.tokens),
        lookalikes=tuple(lookalikes(folded)) if is_ocr else (),
        stems=tuple(name_words(text) if is_name else stems(folded)),
    )


class _Limit:
    """What one text has had so far of each stream."""

    def __init__(self) -> None:
        self._left = {name: MAX_TOKENS for name in _NAMES if name != "pairs"}
        self._seen: dict[str, set[str]] = {name: set() for name in _UNIQUE}

    @property
    def is_reached(self) -> bool:
        """Whether the streams of Japanese words are full, so that no more words need to be found."""
        return not self._left["parts"]

    def cut(self, streams: Streams) -> Streams:
        """The streams without what is too much, or was there."""
        return Streams(
            pairs=streams.pairs, **{name: self._take(name, getattr(streams, name)) for name in self._left}
        )

    def _take(self, name: str, tokens: Tokens) -> Tokens:
        if name in _UNIQUE:
            tokens = tuple(token for token in dict.fromkeys(tokens) if token not in self._seen[name])
        tokens = tokens[: self._left[name]]
        self._left[name] -= len(tokens)
        if name in _UNIQUE:
            self._seen[name].update(tokens)
        return tokens

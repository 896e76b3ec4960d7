"""The tokens of one word or phrase of a query, for each stream, as its search needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.index.analysis.characters import HAN
from worker.index.analysis.folding import fold_text, standardise
from worker.index.analysis.lookalikes import shape
from worker.index.analysis.okurigana import without_okurigana
from worker.index.analysis.pairs import query_pairs
from worker.index.analysis.stems import stems
from worker.index.analysis.streams import Tokens
from worker.index.analysis.values.entities import query_entities
from worker.index.analysis.words import reading, words

MAX_CHARS = 1_000
# A term that begins so was cut out of a word, whose end is folded as a whole: ンター of センター.
_CUT_KATAKANA = re.compile("(?P<rest>[ーッン][ァ-ヺー]+)ー(?![ァ-ヺー])")
# Written with either: 霞ヶ関 and 霞が関, 丸の内 and 丸ノ内. In texts they stay apart: が and の are grammar.
_JOINTS = tuple(
    (re.compile(f"(?<=[{HAN}])[{kana}](?=[{HAN}])"), other)
    for kana, other in (("ケ", "が"), ("が", "ケ"), ("ノ", "の"), ("の", "ノ"))
)
_CUT_REPETITION = re.compile("[々〻ゝゞヽヾ]+(?P<rest>.+)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """Tokens that follow each other; with `prefix` the last one is only the beginning of a token."""

    tokens: Tokens
    prefix: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryTerm:
    """A term of a query by stream.

    `text` is the term folded, `forms` are that and other ways to write it, and `pairs` the phrases that find
    these; `bare` is the term without okurigana where it has any. A text has the term, too, where it has that,
    one of `readings`, its `lookalikes` on an OCRed page, or of `words`, `parts`, `entities` and `stems` what
    search_plan.py asks for. What a stream does not have of the term is empty.
    """

    text: str
    forms: tuple[str, ...]
    bare: str
    pairs: tuple[Phrase, ...]
    words: Tokens
    parts: Tokens
    readings: Tokens
    entities: Tokens
    lookalikes: Phrase | None
    stems: Tokens


def analyse_query_term(text: str, *, has_words: bool = True) -> QueryTerm:
    """The tokens of a term, of which at most 1,000 characters are read; `text` is its folded form.

    `has_words` says whether the index knows Japanese words.
    """
    text = text[:MAX_CHARS]
    folded = fold_text(text)
    found = list(words(standardise(text))) if has_words else []
    kana, bare = reading(text), without_okurigana(folded)
    forms = tuple(dict.fromkeys((folded, *_uncut(folded))))
    return QueryTerm(
        text=folded,
        forms=forms,
        bare=bare if bare != folded else "",
        pairs=tuple(filter(None, map(_phrase, forms))),
        words=tuple(word.form for word in found),
        parts=tuple(part for word in found for part in word.parts),
        readings=(kana,) if kana and len(kana) > 1 else (),
        entities=tuple(dict.fromkeys(token for entity in query_entities(folded) for token in entity.wanted)),
        lookalikes=_phrase(shape(folded)),
        stems=tuple(stems(folded)),
    )


def _uncut(folded: str) -> Iterator[str]:
    for joint, other in _JOINTS:
        if joint.search(folded):
            yield joint.sub(other, folded)
    for cut in (_CUT_KATAKANA, _CUT_REPETITION):
        match = cut.match(folded)
        if match:
            yield match["rest"] + folded[match.end() :]


def _phrase(folded: str) -> Phrase | None:
    tokens, prefix = query_pairs(folded)
    return Phrase(tokens=tokens, prefix=prefix) if tokens else None

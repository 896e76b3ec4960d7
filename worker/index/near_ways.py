"""The ways in which a term of a query is nearly there: slips, readings, shapes, beginnings, words parted.

They are for the tier `near`, when no file has the term in any of its forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.index.analysis.pairs import pieces, query_pairs
from worker.index.analysis.query_terms import Phrase, QueryTerm, analyse_query_term
from worker.index.analysis.slips import allowed_edits, can_be_apart, can_begin, halves
from worker.index.clauses import Clause, Match, Way

_COMPANY = "株式会社|有限会社|合同会社|合名会社|合資会社"
_COMPANY_NAME = re.compile(rf"(?:{_COMPANY})(?P<after>..+)|(?P<before>..+?)(?:{_COMPANY})")


def near_ways(term: QueryTerm) -> Iterator[Way]:
    """The most likely first."""
    if term.readings:
        yield (Clause(stream="readings", tokens=term.readings, match=Match.ANY),)
    if term.lookalikes and len(term.text) > 1:
        yield (phrase_clause(term.lookalikes, "lookalikes"),)
    company = _COMPANY_NAME.fullmatch(term.text)
    if company:
        # 青葉運輸株式会社 may be 株式会社青葉運輸.
        name = company["after"] or company["before"]
        yield from ((phrase_clause(phrase),) for phrase in literal_phrases(name))
    found = list(pieces(term.text))
    if len(found) == 1:
        piece, is_run = found[0]
        yield from _without_one(piece) if is_run else similar_ways(piece)
        if can_be_apart(piece):
            yield from _apart(piece)
    if can_begin(term.text):
        yield (Clause(stream="pairs", tokens=query_pairs(term.text)[0], is_prefix=True),)


def similar_ways(word: str, most: int = 2) -> Iterator[Way]:
    """The words of the index at most so many edits away, where the word is long enough for any."""
    edits = min(most, allowed_edits(word))
    if edits:
        yield (Clause(stream="pairs", tokens=(word,), match=Match.SIMILAR, edits=edits),)


def phrase_clause(phrase: Phrase, stream: str = "pairs") -> Clause:
    """The clause of a phrase."""
    return Clause(stream=stream, tokens=phrase.tokens, is_prefix=phrase.prefix)


def literal_phrases(text: str) -> tuple[Phrase, ...]:
    """A text as it is written."""
    return analyse_query_term(text, has_words=False).pairs


def _apart(word: str) -> Iterator[Way]:
    """A word that is two in the text: email is written e-mail, too."""
    for place in range(1, len(word)):
        yield (Clause(stream="pairs", tokens=(word[:place], word[place:])),)


def _without_one(run: str) -> Iterator[Way]:
    """A run with one character wrong, missing, too many or swapped with the next: what stands beside it."""
    for before, after in halves(run):
        first, second = (query_pairs(side)[0] if side else () for side in (before, after))
        if first and second:
            yield (Clause(stream="pairs", tokens=first, then=second),)
        else:
            yield (Clause(stream="pairs", tokens=first or second),)

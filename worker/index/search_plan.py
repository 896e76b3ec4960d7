"""What each tier of a search looks for, the same in both indexes.

A plan has groups, of which a file must meet some; a group is met by any of its ways, and a way by a page (or
the file's name and path) on which all its clauses match. Each index writes clauses in its own language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from worker.errors import ThrottledError, UnavailableError
from worker.index.analysis.okurigana import spellings
from worker.index.analysis.pairs import query_pairs
from worker.index.analysis.query_terms import QueryTerm, analyse_query_term
from worker.index.analysis.stems import STOP_WORDS, name_words
from worker.index.analysis.streams import Tokens
from worker.index.clauses import Clause, Group, Match, Way, within_limit
from worker.index.near_ways import literal_phrases, near_ways, phrase_clause, similar_ways
from worker.index.query import Term
from worker.index.query_atoms import Atom, Atoms, Kind, atoms
from worker.index.search_index import SearchResult, Tier
from worker.index.search_query import SearchQuery, parse_query
from worker.index.suggestion import strange_words, with_suggestion

WEIGHTS = {
    "pairs": 1.0,
    "words": 4.0,
    "parts": 1.0,
    "readings": 0.3,
    "entities": 2.0,
    "lookalikes": 0.3,
    "stems": 1.0,
}
"""How much a match in each stream counts: a word counts more than its characters within another (東京都)."""

_BORDER = re.compile("(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
MAX_GROUPS = 32
"""Beyond these the rest of a query is left out: each costs a search of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Groups, how many of them a file must meet, and the terms to be shown in a snippet."""

    tier: Tier
    groups: tuple[Group, ...]
    needed: int
    terms: tuple[QueryTerm, ...]


def plans(query: SearchQuery, *, has_words: bool) -> Iterator[Plan]:
    """The plans of a query, tier by tier, each made when the one before has found nothing."""
    planner = _Planner(has_words)
    every = [_Asked(terms=group) for group in query.required]
    first = planner.plan(Tier.ALL, every, len(every))
    yield first
    if not every:
        return
    near = planner.plan(Tier.NEAR, every, len(every))
    if near.groups != first.groups:
        yield near
    parts = list(planner.parts(every))
    if len(parts) > 1 or parts != every:
        yield planner.plan(Tier.MOST, parts, max(1, len(parts) - max(1, len(parts) // 3)))


def alike_plan(query: SearchQuery, words: Collection[Term], *, has_words: bool) -> Plan:
    """The plan of the same query with a word that is one character away from each of these words."""
    every = [_Asked(terms=group) for group in query.required]
    plan = _Planner(has_words).plan(Tier.ALL, every, len(every))
    alike = (
        tuple(similar_ways(group[0].text.casefold(), most=1))
        if len(group) == 1 and group[0] in words
        else ways
        for group, ways in zip(query.required, plan.groups, strict=True)
    )
    return replace(plan, tier=Tier.NEAR, groups=tuple(alike))


def search_tiers(
    query: str, search: Callable[[SearchQuery, Plan], SearchResult], *, has_words: bool
) -> SearchResult:
    """What the first tier finds that finds any file; nothing is searched for an empty query.

    `has_words` says whether the index knows Japanese words.
    """
    asked = parse_query(query)
    found = SearchResult(total=0, hits=(), notes=asked.notes)
    if asked.is_empty:
        return found
    for plan in plans(asked, has_words=has_words):
        found = search(asked, plan)
        if found.total:
            break
    if strange := strange_words(found, asked):
        return replace(found, suggestion=_correction(asked, strange, search, has_words=has_words))
    return with_suggestion(found, asked)


def _correction(
    asked: SearchQuery,
    strange: Collection[Term],
    search: Callable[[SearchQuery, Plan], SearchResult],
    *,
    has_words: bool,
) -> str:
    """What was meant, by a file that has a word like each of those that no hit has; "" where none has."""
    try:
        alike = search(asked, alike_plan(asked, strange, has_words=has_words))
    except (UnavailableError, ThrottledError):
        return ""  # The hits are there: they are not lost for a suggestion.
    return with_suggestion(alike, asked).suggestion


def literal_ways(term: Term) -> Group:
    """What has a term as it is written: for exclusions, and the path."""
    return tuple((phrase_clause(phrase),) for phrase in literal_phrases(term.text))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One group of a query: its alternatives."""

    terms: tuple[Term, ...]


class _Planner:
    """Analyses each term once, whatever tiers need it."""

    def __init__(self, has_words: bool) -> None:
        self._has_words = has_words
        self._analysed: dict[Term, QueryTerm] = {}
        self._atoms: dict[Term, Atoms] = {}

    def plan(self, tier: Tier, asked: Sequence[_Asked], needed: int) -> Plan:
        """The plan of a tier."""
        terms = tuple(dict.fromkeys(term for each in asked for term in each.terms))
        return Plan(
            tier=tier,
            groups=within_limit([list(dict.fromkeys(self._ways(each, tier))) for each in asked]),
            needed=needed,
            terms=tuple(map(self._term, terms)),
        )

    def parts(self, asked: Sequence[_Asked]) -> Iterator[_Asked]:
        """The atoms of each term by themselves; a phrase in quotes, and what has an alternative, stay."""
        seen: set[tuple[Term, ...]] = set()
        meaningful = [each for each in asked if not _is_grammar(each)]
        for each in meaningful or asked:
            (first, *others) = each.terms
            found = () if others or first.is_quoted else self._atoms_of(first).found
            groups: list[tuple[Term, ...]] = [(Term(text=atom.text),) for atom in found]
            for terms in groups or [each.terms]:
                if terms not in seen and len(seen) < MAX_GROUPS:
                    seen.add(terms)
                    yield each if terms == each.terms else _Asked(terms=terms)

    def _ways(self, asked: _Asked, tier: Tier) -> Iterator[Way]:
        """The most exact first."""
        yield from chain.from_iterable(map(self._exact, asked.terms))
        for term in asked.terms:
            if tier is not Tier.ALL and not term.is_quoted:
                yield from near_ways(self._term(term))

    def _exact(self, term: Term) -> Iterator[Way]:
        analysed = self._term(term)
        for phrase in analysed.pairs:
            yield (phrase_clause(phrase),)
        if term.is_quoted:
            return
        found = self._atoms_of(term)
        if found.is_complete:
            yield from _way(found)
        if analysed.bare:
            yield from ((phrase_clause(phrase),) for phrase in literal_phrases(analysed.bare))
        named = tuple(name_words(term.text))
        # In a text with other scripts these are only a part of the term.
        if named and named != analysed.stems and analysed.text.isascii():
            yield (Clause(stream="stems", tokens=named),)
            yield from ((phrase_clause(phrase),) for phrase in literal_phrases(_split_letters(analysed.text)))

    def _term(self, term: Term) -> QueryTerm:
        if term not in self._analysed:
            self._analysed[term] = analyse_query_term(term.text, has_words=self._has_words)
        return self._analysed[term]

    def _atoms_of(self, term: Term) -> Atoms:
        if term not in self._atoms:
            self._atoms[term] = atoms(term.text, has_words=self._has_words)
        return self._atoms[term]


def _is_grammar(asked: _Asked) -> bool:
    return all(term.text.casefold() in STOP_WORDS and not term.is_quoted for term in asked.terms)


def _split_letters(folded: str) -> str:
    """Letters and digits apart: XT4127 is written XT 4127, too."""
    return _BORDER.sub(" ", folded)


def _way(found: Atoms) -> Iterator[Way]:
    """All atoms on a page; without grammar between them those of one kind follow each other."""
    if all(atom.kind is Kind.RUN for atom in found.found):
        if found.is_loose:
            yield tuple(_clause([atom]) for atom in found.found)
        return
    if found.is_loose:
        yield tuple(_clause([atom]) for atom in found.found)
    else:
        yield tuple(_clause(list(same)) for same in _same_kind(found.found))


def _same_kind(found: Sequence[Atom]) -> Iterator[Sequence[Atom]]:
    for kind, same in groupby(found, key=lambda atom: atom.kind):
        if kind is Kind.VALUE or kind is Kind.RUN:
            yield from ([atom] for atom in same)
        else:
            yield list(same)


def _clause(found: Sequence[Atom]) -> Clause:
    first = found[0]
    if first.kind is Kind.RUN:
        tokens, is_prefix = query_pairs(first.text)
        return Clause(stream="pairs", tokens=tokens, is_prefix=is_prefix)
    tokens = tuple(token for atom in found for token in atom.tokens)
    if first.kind is Kind.WORD:
        written = "".join(atom.text for atom in found)
        return _words_clause([tokens, tuple(atom.form for atom in found), *spellings(written)])
    match = Match.ANY if first.kind is Kind.VALUE else Match.PHRASE
    return Clause(stream=first.kind.value, tokens=tokens, match=match)


def _words_clause(sequences: Sequence[Tokens]) -> Clause:
    """What is two words in one text may be one in another (申し込み書, 申込書): each way, in both streams."""
    clauses = [
        Clause(stream=stream, tokens=tokens)
        for tokens in dict.fromkeys(filter(None, sequences))
        for stream in ("parts", "words")
    ]
    return replace(clauses[0], others=tuple(clauses[1:]))

"""What an index answers to the queries, and how good that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import isclose

from bench.search.opened import Opened
from bench.search.wishes import FALSE_FRIENDS, Query
from worker.index.search_index import SearchResult, Tier

_FIRST, _FIRST_OF_FRIENDS = 3, 2
_LIMIT = 10
_SAME_SCORE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The ids of the first hits; `best` are those with the best score. `tier` is 0 without hits."""

    query: Query
    ids: tuple[str, ...]
    best: frozenset[str]
    tier: int

    @property
    def quality(self) -> float:
        """1 where one of the first three is wanted; of false friends the share of the first two."""
        wanted = self.query.wanted
        if self.query.set_name == FALSE_FRIENDS:
            return len(wanted.intersection(self.ids[:_FIRST_OF_FRIENDS])) / _FIRST_OF_FRIENDS
        return float(not wanted.isdisjoint(self.ids[:_FIRST]))


def ask(opened: Opened, queries: Sequence[Query]) -> list[Answer]:
    """The answer to each query."""
    return [to_answer(query, opened.index.search(query.text, limit=_LIMIT)) for query in queries]


def to_answer(query: Query, result: SearchResult) -> Answer:
    """An index's result as an answer."""
    hits = result.hits
    ids = tuple(hit.file_id for hit in hits)
    alike = takewhile(lambda hit: isclose(hit.score, hits[0].score, rel_tol=_SAME_SCORE), hits)
    best = frozenset(hit.file_id for hit in alike)
    return Answer(query=query, ids=ids, best=best, tier=tier_of(result))


def tier_of(result: SearchResult) -> int:
    """The number of the tier that answered, 1 for all of the query; 0 without hits."""
    return list(Tier).index(result.tier) + 1 if result.hits else 0


def quality(answers: Sequence[Answer], set_name: str) -> float:
    """The mean quality of one set."""
    found = [answer.quality for answer in answers if answer.query.set_name == set_name]
    return sum(found) / len(found)


def first_tier_share(answers: Sequence[Answer]) -> float:
    """The share of the queries that tier 1 answered."""
    return sum(answer.tier == 1 for answer in answers) / len(answers)


def agreement(first: Sequence[Answer], second: Sequence[Answer]) -> float:
    """The share of queries with the same first hit, of those to which an index has any.

    Hits of an equal score are in no order: one file that is best in both is enough.
    """
    pairs = [(one, other) for one, other in zip(first, second, strict=True) if one.ids or other.ids]
    return sum(not one.best.isdisjoint(other.best) for one, other in pairs) / len(pairs)

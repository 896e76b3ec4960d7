"""The ways of a plan in the query language of OpenSearch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from worker.index.clauses import MAX_SIMILAR, NEAR_TOKENS, Clause, Group, Match, Way
from worker.index.opensearch.stream_fields import BODY, NAME, PAGES
from worker.index.search_plan import WEIGHTS

Json: TypeAlias = dict[str, Any]

NAME_BOOST = 2.0
_NEAR_BOOST = 5.0
"""A match of intervals scores less than 1, a phrase some 5 to 20."""
_MAX_EXPANSIONS = 1_000
_OF_WORDS = ("words", "parts")
_WORD_SCORE = 40.0
"""For a query's word that is a word of the text, so that it comes before one within another: more than
what lengths of texts and frequencies make of that."""


def anywhere(group: Group) -> Json:
    """What has the group in its text, name or path; the clauses of a way on one page."""
    in_text = [_way(way, BODY) if len(way) == 1 else _way_on_page(way) for way in group]
    words = [
        {"constant_score": {"filter": _way(way, BODY), "boost": _WORD_SCORE}}
        for way in group
        if len(group) > 1 and len(way) == 1 and way[0].stream in _OF_WORDS
    ]
    return any_of([*in_text, *words, *_ways(_named(group), NAME, NAME_BOOST)])


def in_name(group: Group) -> Json:
    """What has the group in its name or path."""
    return any_of(_ways(group, NAME))


def on_page(groups: Iterable[Group]) -> Json:
    """A nested page that has any of the groups."""
    return any_of([way for group in groups for way in _ways(group, PAGES)])


def best_page(query: Json) -> Json:
    """A file by its best page."""
    return {"nested": {"path": PAGES.rstrip("."), "query": query, "score_mode": "max"}}


def any_of(queries: list[Json]) -> Json:
    """One of the queries must match; the scores of those that do are added."""
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _way_on_page(way: Way) -> Json:
    """By the whole text, which is quicker and has the score, and then by its pages."""
    one_page = best_page(_way(way, PAGES))
    one_page["nested"]["score_mode"] = "none"
    return {"bool": {"must": [_way(way, BODY)], "filter": [one_page]}}


def _named(group: Group) -> Group:
    """The ways that a name may match: it was never OCRed."""
    return tuple(way for way in group if all(clause.stream != "lookalikes" for clause in way))


def _ways(group: Group, place: str, boost: float = 1.0) -> list[Json]:
    return [_way(way, place, boost) for way in group]


def _way(way: Way, place: str, boost: float = 1.0) -> Json:
    clauses = [_any_clause(clause, place, boost) for clause in way]
    return clauses[0] if len(clauses) == 1 else {"bool": {"must": clauses}}


def _any_clause(clause: Clause, place: str, boost: float) -> Json:
    clauses = [_clause(each, place, boost) for each in (clause, *clause.others)]
    return any_of(clauses) if clause.others else clauses[0]


def _clause(clause: Clause, place: str, boost: float) -> Json:
    field, weight = f"{place}{clause.stream}", boost * WEIGHTS[clause.stream]
    if clause.match is Match.ANY:
        return any_of([_term(field, token, weight) for token in clause.tokens])
    if clause.match is Match.SIMILAR:
        return {
            "fuzzy": {
                field: {
                    "value": clause.tokens[0],
                    "fuzziness": clause.edits,
                    "prefix_length": 1,
                    "max_expansions": MAX_SIMILAR,
                    "boost": weight,
                }
            }
        }
    return _near(clause, field, weight) if clause.then else _phrase(clause, field, weight)


def _phrase(clause: Clause, field: str, weight: float) -> Json:
    *before, last = clause.tokens
    if not before:
        if clause.is_prefix:
            return {"prefix": {field: {"value": last, "boost": weight}}}
        return _term(field, last, weight)
    phrase: Json = {"query": " ".join(clause.tokens), "boost": weight}
    if clause.is_prefix:
        return {"match_phrase_prefix": {field: {**phrase, "max_expansions": _MAX_EXPANSIONS}}}
    return {"match_phrase": {field: phrase}}


def _near(clause: Clause, field: str, weight: float) -> Json:
    halves = [
        {"match": {"query": " ".join(tokens), "max_gaps": 0, "ordered": True}}
        for tokens in (clause.tokens, clause.then)
    ]
    near = {"ordered": True, "max_gaps": NEAR_TOKENS, "intervals": halves}
    return {"intervals": {field: {"all_of": near, "boost": weight * _NEAR_BOOST}}}


def _term(field: str, token: str, weight: float) -> Json:
    return {"term": {field: {"value": token, "boost": weight}}}

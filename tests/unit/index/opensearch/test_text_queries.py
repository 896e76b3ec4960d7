"""Plans in the query language of OpenSearch (what they find is tested on a real server)."""

from __future__ import annotations

from typing import Any

import pytest

from worker.index.clauses import Clause, Match
from worker.index.opensearch.text_queries import anywhere, in_name, on_page

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("clause", "query"),
    [
        (
            Clause(stream="pairs", tokens=("ab", "bc")),
            {"match_phrase": {"name_pairs": {"query": "ab bc", "boost": 1.0}}},
        ),
        (Clause(stream="words", tokens=("a",)), {"term": {"name_words": {"value": "a", "boost": 4.0}}}),
        (
            Clause(stream="pairs", tokens=("契",), is_prefix=True),
            {"prefix": {"name_pairs": {"value": "契", "boost": 1.0}}},
        ),
        (
            Clause(stream="pairs", tokens=("a", "契"), is_prefix=True),
            {"match_phrase_prefix": {"name_pairs": {"query": "a 契", "boost": 1.0, "max_expansions": 1_000}}},
        ),
    ],
)
def test_a_clause_is_a_field_and_its_tokens(clause: Clause, query: dict[str, Any]) -> None:
    assert in_name(((clause,),)) == {"bool": {"should": [query], "minimum_should_match": 1}}


def test_words_alike_begin_alike() -> None:
    clause = Clause(stream="pairs", tokens=("report",), match=Match.SIMILAR, edits=1)
    (query,) = on_page([((clause,),)])["bool"]["should"]
    fuzzy = query["fuzzy"]["pages.pairs"]
    assert (fuzzy["value"], fuzzy["fuzziness"], fuzzy["prefix_length"]) == ("report", 1, 1)


def test_two_halves_are_near_each_other() -> None:
    clause = Clause(stream="pairs", tokens=("ab",), then=("cd", "de"))
    (query,) = on_page([((clause,),)])["bool"]["should"]
    near = query["intervals"]["pages.pairs"]["all_of"]
    assert [each["match"]["query"] for each in near["intervals"]] == ["ab", "cd de"]
    assert (near["ordered"], near["max_gaps"]) == (True, 4)


def test_all_clauses_of_a_way_must_be_there_each_in_any_of_its_forms() -> None:
    other = Clause(stream="words", tokens=("a",))
    one = Clause(stream="parts", tokens=("a",), others=(other,))
    (query,) = in_name(((one, Clause(stream="stems", tokens=("b",))),))["bool"]["should"]
    first, second = query["bool"]["must"]
    assert len(first["bool"]["should"]) == 2
    assert "term" in second


def test_a_group_is_looked_for_in_the_text_and_in_the_name_which_counts_twice() -> None:
    text, name = anywhere(((Clause(stream="pairs", tokens=("a",)),),))["bool"]["should"]
    assert text["term"]["body_pairs"]["boost"] * 2 == name["term"]["name_pairs"]["boost"]


def test_the_clauses_of_a_way_must_be_on_one_page_of_the_text() -> None:
    way = (Clause(stream="parts", tokens=("a",)), Clause(stream="parts", tokens=("b",)))
    text, name = anywhere((way,))["bool"]["should"]
    (pages,) = text["bool"]["filter"]
    assert pages["nested"]["path"] == "pages"
    assert [set(each["term"]) for each in pages["nested"]["query"]["bool"]["must"]] == [{"pages.parts"}] * 2
    assert [set(each["term"]) for each in text["bool"]["must"][0]["bool"]["must"]] == [{"body_parts"}] * 2
    assert [set(each["term"]) for each in name["bool"]["must"]] == [{"name_parts"}] * 2


def test_no_name_looks_like_another_by_ocr() -> None:
    shape = (Clause(stream="lookalikes", tokens=("a",)),)
    queries = anywhere((shape, (Clause(stream="pairs", tokens=("a",)),)))["bool"]["should"]
    assert [set(each["term"]) for each in queries] == [{"body_lookalikes"}, {"body_pairs"}, {"name_pairs"}]


@pytest.mark.parametrize(("stream", "count"), [("words", 1), ("parts", 1), ("stems", 0)])
def test_a_word_of_the_text_scores_more_than_any_frequency_makes(stream: str, count: int) -> None:
    pairs, word = Clause(stream="pairs", tokens=("京都",)), Clause(stream=stream, tokens=("京都",))
    found = [
        query["constant_score"]["filter"]
        for query in anywhere(((pairs,), (word,)))["bool"]["should"]
        if "constant_score" in query
    ]
    assert len(found) == count
    assert all(f"body_{stream}" in str(each) for each in found)
    assert "constant_score" not in str(anywhere(((word,),)))

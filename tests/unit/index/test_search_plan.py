"""What each tier looks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.clauses import Clause, Match
from worker.index.query import Term
from worker.index.search_index import SearchResult, Tier
from worker.index.search_plan import Plan, literal_ways, plans, search_tiers
from worker.index.search_query import SearchQuery, parse_query

pytestmark = pytest.mark.unit


def plan(query: str, tier: Tier, *, has_words: bool = True) -> Plan:
    found = {plan.tier: plan for plan in plans(parse_query(query), has_words=has_words)}
    return found[tier]


def streams(query: str, tier: Tier) -> set[str]:
    clauses = [clause for group in plan(query, tier).groups for way in group for clause in way]
    return {each.stream for clause in clauses for each in (clause, *clause.others)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("報告書", {"pairs", "words", "parts"}),
        ("128万円", {"pairs", "entities"}),
        ("reports", {"pairs", "stems"}),
        ('"報告書"', {"pairs"}),
    ],
)
def test_the_first_tier_takes_every_form_of_a_word_but_of_a_phrase(query: str, expected: set[str]) -> None:
    assert streams(query, Tier.ALL) == expected


def test_words_with_grammar_between_them_may_be_anywhere_on_a_page() -> None:
    (group,) = plan("営業部の報告書", Tier.ALL).groups
    (way,) = (way for way in group if len(way) > 1)
    assert [clause.tokens for clause in way] == [("営業", "部"), ("報告", "書")]
    assert all({each.stream for each in clause.others} == {"parts", "words"} for clause in way)


def test_words_of_a_compound_follow_each_other() -> None:
    (group,) = plan("営業部報告書", Tier.ALL).groups
    assert ("営業", "部", "報告", "書") in {way[0].tokens for way in group if way[0].stream == "parts"}


def test_a_term_that_is_not_understood_as_a_whole_is_not_found_by_a_part_of_it() -> None:
    (group,) = plan("A4用紙", Tier.ALL).groups
    assert all(len(way[0].tokens) > 1 or way[0].stream != "parts" for way in group)


@pytest.mark.parametrize(
    ("query", "clause"),
    [
        ("にほん", Clause(stream="readings", tokens=("ニホン",), match=Match.ANY)),
        ("repotr", Clause(stream="pairs", tokens=("repotr",), match=Match.SIMILAR, edits=1)),
        ("recieved", Clause(stream="pairs", tokens=("recieved",), match=Match.SIMILAR, edits=2)),
        ("自家発電機", Clause(stream="pairs", tokens=("自家",), then=("電機",))),
        ("自家発電機", Clause(stream="pairs", tokens=("家発", "発電", "電機"))),
        ("自家発電機", Clause(stream="pairs", tokens=("自家", "家発", "発電"))),
    ],
)
def test_what_is_near(query: str, clause: Clause) -> None:
    (group,) = plan(query, Tier.NEAR).groups
    assert (clause,) in group
    assert set(plan(query, Tier.ALL).groups[0]) < set(group)


@pytest.mark.parametrize("query", ["cat", "京都", "ab12", '"repotr"'])
def test_short_words_and_phrases_have_nothing_like_them(query: str) -> None:
    near = [plan for plan in plans(parse_query(query), has_words=True) if plan.tier is Tier.NEAR]
    ways = [way for plan in near for group in plan.groups for way in group]
    assert not any(clause.match is Match.SIMILAR or clause.then for way in ways for clause in way)


@pytest.mark.parametrize(("words", "needed"), [(2, 1), (3, 2), (4, 3), (6, 4), (9, 6)])
def test_a_third_of_the_words_may_be_missing(words: int, needed: int) -> None:
    query = " ".join(f"word{chr(97 + number)}" for number in range(words))
    assert plan(query, Tier.MOST).needed == needed
    assert plan(query, Tier.ALL).needed == words


def test_the_last_tier_takes_terms_apart_and_leaves_grammar_out() -> None:
    assert len(plan("営業部の報告書 2024年", Tier.MOST).groups) == 3
    assert len(plan("what is the report of sales", Tier.MOST).groups) == 2
    assert len(plan('"営業部の報告書" 予算', Tier.MOST).groups) == 2
    assert len(plan("覚書 OR 請求の一覧 予算", Tier.MOST).groups) == 2


def test_one_word_has_no_last_tier() -> None:
    assert Tier.MOST not in {plan.tier for plan in plans(parse_query("契約"), has_words=True)}


def test_filters_alone_have_one_tier_without_groups() -> None:
    (only,) = plans(parse_query("type:pdf"), has_words=True)
    assert (only.groups, only.needed) == ((), 0)


def test_exclusions_are_taken_as_they_are_written() -> None:
    assert literal_ways(Term(text="報告書")) == ((Clause(stream="pairs", tokens=("報告", "告書")),),)


@pytest.mark.parametrize(("found_by", "searches"), [(Tier.ALL, 1), (Tier.NEAR, 2), (Tier.MOST, 3), (None, 3)])
def test_a_search_goes_only_as_far_as_needed(found_by: Tier | None, searches: int) -> None:
    asked: list[Tier] = []

    def search(_query: SearchQuery, plan: Plan) -> SearchResult:
        asked.append(plan.tier)
        return SearchResult(total=int(plan.tier is found_by), hits=(), tier=plan.tier)

    result = search_tiers("several words", search, has_words=True)

    assert (len(asked), result.total) == (searches, int(found_by is not None))


@given(st.text(st.characters(), max_size=80), st.booleans())
def test_every_plan_of_any_query_can_be_met(query: str, has_words: bool) -> None:
    for each in plans(parse_query(query), has_words=has_words):
        assert 0 <= each.needed <= len(each.groups)
        assert all(group and all(way for way in group) for group in each.groups)
        assert all(clause.tokens for group in each.groups for way in group for clause in way)

"""Queries as people type them, and what is made of each."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.search_index import SearchResult, Tier
from worker.index.search_query import MAX_QUERY_CHARS, MAX_TERMS, SearchQuery, parse_query, search_tiers

pytestmark = pytest.mark.unit


def _texts(query: SearchQuery) -> list[list[str]]:
    return [[term.text for term in group] for group in query.required]


@pytest.mark.parametrize(
    ("query", "required", "excluded"),
    [
        ("契約 -更新", [["契約"]], ["更新"]),
        ("契約　－更新", [["契約"]], ["更新"]),
        ('契約 -"基本 契約"', [["契約"]], ["基本 契約"]),
        ("Trace-based 03-3201", [["Trace-based"], ["03-3201"]], []),
        ("a OR b c", [["a", "b"], ["c"]], []),
        ("a OR b OR c", [["a", "b", "c"]], []),
        ("a or b", [["a"], ["or"], ["b"]], []),
        ('a "OR" b', [["a"], ["OR"], ["b"]], []),
        ("営業、報告 覚書", [["営業"], ["報告"], ["覚書"]], []),
        ('"営業、報告"', [["営業、報告"]], []),
        ("http://x.y/z 12:30 C:\\tmp", [["http://x.y/z"], ["12:30"], ["C:\\tmp"]], []),
        ("注意:火気", [["注意:火気"]], []),
        ('a " b', [["a"], ["b"]], []),
        ("- -- -! a", [["a"]], []),
    ],
)
def test_words_of_a_query(query: str, required: list[list[str]], excluded: list[str]) -> None:
    asked = parse_query(query)
    assert _texts(asked) == required
    assert [term.text for term in asked.excluded] == excluded
    assert asked.notes == ()


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("営業部の報告書", ["営業部", "報告書"]),
        ("サーバ管理のお知らせ", ["サーバ", "管理"]),
        ("受け付け", ["受け付け"]),
        ("報告書", ["報告書"]),
        ("2024年度の予算", ["2024", "年度", "予算"]),
        ('"営業部の報告書" 予算', ["営業部の報告書", "予算"]),
    ],
)
def test_a_term_is_taken_apart_where_the_script_changes(query: str, parts: list[str]) -> None:
    groups, _ = parse_query(query).groups(Tier.MOST)
    assert [group[0].text for group in groups] == parts


@pytest.mark.parametrize(("words", "needed"), [(1, 1), (2, 1), (3, 2), (4, 3), (6, 4), (9, 6)])
def test_a_third_of_the_words_may_be_missing(words: int, needed: int) -> None:
    query = parse_query(" ".join(f"word{chr(97 + number)}" for number in range(words)))
    assert query.groups(Tier.MOST)[1] == needed
    assert query.groups(Tier.ALL)[1] == words


def test_what_is_cut_off_is_said() -> None:
    assert f"{MAX_QUERY_CHARS:,} characters" in parse_query("字" * 1_001).notes[0]
    assert f"first {MAX_TERMS} words" in parse_query(" ".join(map(str, range(40)))).notes[0]


@pytest.mark.parametrize(("found_by", "searches"), [(Tier.ALL, 1), (Tier.MOST, 2), (None, 2)])
def test_a_search_goes_only_as_far_as_needed(found_by: Tier | None, searches: int) -> None:
    asked: list[Tier] = []

    def search(_query: SearchQuery, tier: Tier) -> SearchResult:
        asked.append(tier)
        return SearchResult(total=int(tier is found_by), hits=(), tier=tier)

    result = search_tiers("two words", search)

    assert (len(asked), result.total) == (searches, int(found_by is not None))


def test_one_word_has_no_second_search() -> None:
    assert parse_query("契約").tiers == (Tier.ALL,)
    assert parse_query("営業部の報告書").tiers == (Tier.ALL, Tier.MOST)


@given(st.text(st.characters()))
def test_any_query_is_understood_or_said(query: str) -> None:
    asked = parse_query(query)
    for tier in Tier:
        groups, needed = asked.groups(tier)
        assert needed <= max(1, len(groups))
        assert all(groups)


@pytest.mark.parametrize(
    ("query", "longest"),
    [
        ("あ" * 1_000, 9),
        ("あい" * 500, 18),
        ("a " * 500, 1),
        (f'"{"a " * 490}"', 8),
        ("あ" * 30 + " " + "い" * 30, 9),
    ],
)
def test_a_query_is_cut_where_it_repeats_itself(query: str, longest: int) -> None:
    asked = parse_query(query)
    assert max(len(term.phrase) for term in asked.terms) <= longest
    counts = Counter(part for term in asked.terms for part in term.phrase)
    assert max(counts.values()) <= 8
    assert ("repeats itself" in str(asked.notes)) is True


def test_a_long_text_that_does_not_repeat_itself_is_searched_as_it_is() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(500))
    asked = parse_query(text)
    assert asked.notes == ()
    assert len(asked.terms[0].phrase) == 499

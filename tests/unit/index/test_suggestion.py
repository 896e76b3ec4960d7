"""What was probably meant."""

from __future__ import annotations

import pytest

from worker.index.search_index import SearchHit, SearchResult, Tier
from worker.index.search_query import parse_query
from worker.index.suggestion import strange_words, with_suggestion

pytestmark = pytest.mark.unit


def suggestion(query: str, snippet: str, tier: Tier = Tier.NEAR) -> str:
    hit = SearchHit(file_id="f", file_name="a", file_path="a", page=1, snippet=snippet, score=1.0)
    found = SearchResult(total=1, hits=(hit,), tier=tier)
    return with_suggestion(found, parse_query(query)).suggestion


@pytest.mark.parametrize(
    ("query", "snippet", "meant"),
    [
        ("非常用自下発電機", "[[非常用自家発電機]]の点検", "非常用自家発電機"),
        ("quartelry report", "the [[Quarterly]] [[report]]", "Quarterly report"),
        ("report 非常用自下発電機", "[[非常用自家発電機]]の[[REPORT]]", "report 非常用自家発電機"),
        ("わたなべ", "[[渡辺]]の印", ""),
        ("quarterly", "[[Quarterly]] report", ""),
        ("quarterly", "no match is shown", ""),
        # Only the mistyped word is replaced.
        (
            '"annual sales" quartelry OR yearly -draft type: pdf',
            "the [[Quarterly]] [[annual sales]]",
            '"annual sales" Quarterly OR yearly -draft type:pdf',
        ),
        ("予算 OR 非常用自下発電機", "[[非常用自家発電機]]", "予算 OR 非常用自家発電機"),
        ('"quartelry"', "[[Quarterly]]", ""),
        # Another form of the word would find the same.
        ("documents", "[[document]]", ""),
        # What is left beside a slip is no word; nor is another word of four letters.
        ("家発電機が", "[[家発電機]]", ""),
        ("下家発電機", "[[家発電機]]", ""),
        ("reportt", "[[report]]", "report"),
        ("form", "[[from]]", "from"),
        ("forms", "[[frames]]", ""),
        ("自家発電機", '[[自家"発電機]]', ""),
    ],
)
def test_a_slip_is_written_as_the_best_hit_has_it(query: str, snippet: str, meant: str) -> None:
    assert suggestion(query, snippet) == meant


def test_nothing_is_suggested_where_all_or_most_was_found() -> None:
    for tier in (Tier.ALL, Tier.MOST):
        assert suggestion("quartelry", "[[quarterly]]", tier) == ""


@pytest.mark.parametrize(
    ("query", "snippet", "strange"),
    [
        ("document convertion", "[[documents]] that we [[convert]]", ["convertion"]),
        ("Conversion", "the [[CONVERSION]]", []),
        # What the name has is there, too.
        ("archive", "[[archived]]", []),
        ('"convertion" -reportings type:pdf', "[[convert]]", []),
        ("costing", "the [[costs]]", ["costing"]),
        ("planes", "the [[plane]]", []),
    ],
)
def test_a_word_is_strange_where_no_hit_has_it_as_it_was_typed(
    query: str, snippet: str, strange: list[str]
) -> None:
    hit = SearchHit(file_id="f", file_name="archive.pdf", file_path="a", page=1, snippet=snippet, score=1.0)
    found = SearchResult(total=1, hits=(hit,))
    assert [term.text for term in strange_words(found, parse_query(query))] == strange


def test_no_word_is_strange_where_nothing_was_found_or_only_what_is_near() -> None:
    asked = parse_query("convertion")
    hit = SearchHit(file_id="f", file_name="a", file_path="a", page=1, snippet="[[conversion]]", score=1.0)
    assert strange_words(SearchResult(total=0, hits=()), asked) == ()
    assert strange_words(SearchResult(total=1, hits=(hit,), tier=Tier.NEAR), asked) == ()

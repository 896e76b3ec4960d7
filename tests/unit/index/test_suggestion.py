"""What was probably meant."""

from __future__ import annotations

import pytest

from worker.index.search_index import SearchHit, SearchResult, Tier
from worker.index.search_query import parse_query
from worker.index.suggestion import with_suggestion

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
    ],
)
def test_a_slip_is_written_as_the_best_hit_has_it(query: str, snippet: str, meant: str) -> None:
    assert suggestion(query, snippet) == meant


def test_nothing_is_suggested_where_all_or_most_was_found() -> None:
    for tier in (Tier.ALL, Tier.MOST):
        assert suggestion("quartelry", "[[quarterly]]", tier) == ""

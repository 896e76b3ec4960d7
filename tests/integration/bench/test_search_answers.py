"""How answers are counted, and what the row makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.search.accuracy import TARGETS, accuracy_figures
from bench.search.answers import Answer, agreement, first_tier_share, quality, tier_of, to_answer
from bench.search.wishes import FALSE_FRIENDS, Query, Wish
from worker.index.search_index import SearchHit, SearchResult, Tier

pytestmark = pytest.mark.integration


def hit(file_id: str, score: float = 1.0) -> SearchHit:
    return SearchHit(file_id=file_id, file_name="", file_path="", page=1, snippet="", score=score)


def result(*hits: SearchHit) -> SearchResult:
    return SearchResult(total=len(hits), hits=hits)


def query(*wanted: str, set_name: str = "dates") -> Query:
    wish = Wish(set_name=set_name, text="x")
    return Query(set_name=set_name, text="x", wanted=frozenset(wanted), wish=wish)


def answer(ids: Sequence[str], *wanted: str, set_name: str = "dates", best: str = "") -> Answer:
    asked = query(*wanted, set_name=set_name)
    return Answer(query=asked, ids=tuple(ids), best=frozenset(best or ids[:1]), tier=1 if ids else 0)


@pytest.mark.parametrize(("ids", "value"), [("abc", 1.0), ("xyc", 1.0), ("xyzc", 0.0), ("", 0.0)])
def test_success_is_a_wanted_file_among_the_first_three(ids: str, value: float) -> None:
    assert answer(ids, "c", "a").quality == value


@pytest.mark.parametrize(("ids", "value"), [("ab", 1.0), ("axb", 0.5), ("xyab", 0.0), ("a", 0.5)])
def test_of_false_friends_both_of_the_first_two_count(ids: str, value: float) -> None:
    assert answer(ids, "a", "b", set_name=FALSE_FRIENDS).quality == value


def test_a_set_has_the_mean_of_its_own_queries() -> None:
    answers = [answer("a", "a"), answer("b", "a"), answer("b", "a", set_name="numbers")]
    assert quality(answers, "dates") == 0.5


def test_the_tier_is_that_of_the_result() -> None:
    assert tier_of(result(hit("a"))) == 1
    assert tier_of(SearchResult(total=1, hits=(hit("a"),), tier=Tier.MOST)) == 3
    assert tier_of(SearchResult(total=0, hits=(), tier=Tier.MOST)) == 0, "nothing was answered"


def test_the_share_of_tier_one_is_of_all_queries() -> None:
    assert first_tier_share([answer("a", "a"), answer("", "a")]) == 0.5


def test_the_best_are_those_with_the_first_score() -> None:
    found = to_answer(query("a"), result(hit("a", 2.0), hit("b", 2.0), hit("c", 1.9)))
    assert found.ids == ("a", "b", "c")
    assert found.best == {"a", "b"}


def test_indexes_agree_where_one_file_is_best_in_both() -> None:
    first = [answer("ab", best="ab"), answer("a"), answer(""), answer("")]
    second = [answer("ba", best="b"), answer("b"), answer("a"), answer("")]
    assert agreement(first, second) == pytest.approx(1 / 3), "where neither has any hit nothing is compared"


def perfect() -> list[Answer]:
    return [answer("ab", "a", "b", set_name=target.set_name) for target in TARGETS]


def test_a_line_a_set_says_what_each_index_reaches() -> None:
    lines = accuracy_figures({"SQLite": perfect(), "OpenSearch": perfect()})
    assert len(lines) == len(TARGETS) + 2
    assert [line.met for line in lines] == [*[True] * len(TARGETS), None, True]
    assert lines[0].figure == "SQLite 1.00, OpenSearch 1.00"


def test_the_lesser_index_counts() -> None:
    poor = [answer("", "a", set_name=target.set_name) for target in TARGETS]
    lines = accuracy_figures({"SQLite": perfect(), "OpenSearch": poor})
    assert not any(line.met for line in lines)
    assert lines[0].figure == "SQLite 1.00, OpenSearch 0.00"


def test_one_index_alone_is_measured_and_compared_with_none() -> None:
    lines = accuracy_figures({"SQLite": perfect()})
    assert [line.met for line in lines] == [*[True] * len(TARGETS), None]

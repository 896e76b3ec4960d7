"""The ways in which a term is nearly there."""

from __future__ import annotations

import pytest

from worker.index.analysis.query_terms import analyse_query_term
from worker.index.clauses import Clause, Match
from worker.index.near_ways import near_ways, similar_ways

pytestmark = pytest.mark.unit


def clauses(text: str) -> list[Clause]:
    return [clause for way in near_ways(analyse_query_term(text)) for clause in way]


def test_a_latin_word_is_similar_parted_or_begun() -> None:
    found = clauses("email")
    assert Clause(stream="pairs", tokens=("email",), match=Match.SIMILAR, edits=1) in found
    assert {each.tokens for each in found if len(each.tokens) == 2} == {
        ("e", "mail"),
        ("em", "ail"),
        ("ema", "il"),
        ("emai", "l"),
    }
    assert found[-1] == Clause(stream="pairs", tokens=("email",), is_prefix=True)


def test_a_code_may_go_on() -> None:
    assert clauses("INV-2024-03")[-1] == Clause(stream="pairs", tokens=("inv", "2024", "03"), is_prefix=True)


@pytest.mark.parametrize("text", ["青葉運輸株式会社", "株式会社青葉運輸", "㈱青葉運輸", "青葉運輸有限会社"])
def test_the_kind_of_a_company_may_be_elsewhere(text: str) -> None:
    assert Clause(stream="pairs", tokens=("青葉", "葉運", "運輸")) in clauses(text)


def test_the_kind_alone_has_no_such_way() -> None:
    assert not any(each.tokens in ((), ("会社",)) and not each.then for each in clauses("株式会社"))


def test_a_run_has_what_stands_beside_its_slip() -> None:
    assert Clause(stream="pairs", tokens=("自家",), then=("電機",)) in clauses("自家発電機")


@pytest.mark.parametrize(
    ("word", "most", "edits"), [("abc", 2, []), ("maintenance", 2, [2]), ("maintenance", 1, [1])]
)
def test_similar_words_differ_by_at_most_so_many_edits(word: str, most: int, edits: list[int]) -> None:
    assert [clause.edits for way in similar_ways(word, most) for clause in way] == edits

"""Plans in the query syntax of FTS5."""

from __future__ import annotations

import pytest

from worker.index.clauses import Clause, Match
from worker.index.sqlite.expressions import NOTHING, group_expression, way_expression

pytestmark = pytest.mark.unit


def words(word: str, edits: int) -> list[str]:
    return {("report", 1): ["report", "resort"]}.get((word, edits), [])


@pytest.mark.parametrize(
    ("clause", "expression"),
    [
        (Clause(stream="pairs", tokens=("営業", "業部")), '(pairs : "営業 業部")'),
        (Clause(stream="pairs", tokens=("契",), is_prefix=True), '(pairs : "契" *)'),
        (Clause(stream="pairs", tokens=("ab",), then=("cd", "de")), '(pairs : NEAR("ab" "cd de", 4))'),
        (Clause(stream="entities", tokens=("n1", "c1"), match=Match.ANY), '(entities : ("n1" OR "c1"))'),
        (
            Clause(stream="pairs", tokens=("report",), match=Match.SIMILAR, edits=1),
            '(pairs : ("report" OR "resort"))',
        ),
        (Clause(stream="pairs", tokens=("other",), match=Match.SIMILAR, edits=1), ""),
    ],
)
def test_a_clause_is_a_column_and_its_tokens(clause: Clause, expression: str) -> None:
    assert way_expression((clause,), words) == expression


def test_all_clauses_of_a_way_and_any_way_of_a_group() -> None:
    one, other = Clause(stream="parts", tokens=("a",)), Clause(stream="stems", tokens=("b",))
    unknown = Clause(stream="pairs", tokens=("other",), match=Match.SIMILAR, edits=1)
    assert group_expression(((one, other), (one,)), words) == '(parts : "a" AND stems : "b") OR (parts : "a")'
    assert group_expression(((one, unknown), (other,)), words) == '(stems : "b")'
    assert group_expression(((unknown,),), words) == NOTHING

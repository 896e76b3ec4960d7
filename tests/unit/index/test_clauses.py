"""How many look-ups the ways of a plan cost, and which of them are kept."""

from __future__ import annotations

import pytest

from worker.index.clauses import MAX_LEAVES, MAX_SIMILAR, Clause, Group, Match, Way, leaves, within_limit

pytestmark = pytest.mark.unit

PHRASE = Clause(stream="pairs", tokens=("ab", "bc", "cd"))


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ((PHRASE,), 1),
        ((Clause(stream="pairs", tokens=("ab", "契"), is_prefix=True),), 2),
        ((Clause(stream="pairs", tokens=("ab", "bc"), then=("de",)),), 3),
        ((Clause(stream="entities", tokens=("a", "b"), match=Match.ANY),), 2),
        ((Clause(stream="pairs", tokens=("word",), match=Match.SIMILAR, edits=1),), MAX_SIMILAR),
        ((Clause(stream="parts", tokens=("a",), others=(PHRASE, PHRASE)),), 3),
        ((PHRASE, PHRASE, PHRASE), 5),
    ],
)
def test_a_way_costs_what_it_looks_up(way: Way, expected: int) -> None:
    assert leaves(way) == expected


def _many(number: int) -> list[Way]:
    return [(Clause(stream="pairs", tokens=(f"a{each}",)),) for each in range(number)]


def test_of_too_many_ways_the_first_of_each_group_are_kept() -> None:
    groups: tuple[Group, ...] = within_limit([_many(MAX_LEAVES), _many(3), _many(MAX_LEAVES)])
    assert sum(leaves(way) for group in groups for way in group) == MAX_LEAVES
    assert list(groups[1]) == _many(3)
    assert abs(len(groups[0]) - len(groups[2])) <= 1
    assert groups[0] == tuple(_many(MAX_LEAVES)[: len(groups[0])])


def test_every_group_keeps_a_way_however_much_it_costs() -> None:
    long = Clause(stream="pairs", tokens=tuple(map(str, range(MAX_LEAVES + 1))), is_prefix=True)
    assert within_limit([[(long,)], [(PHRASE,), (long,)]]) == (((long,),), ((PHRASE,),))

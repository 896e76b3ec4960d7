"""What a plan is made of: clauses, the ways that have them, the groups of these; and how many it may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TypeAlias

from worker.index.analysis.streams import Tokens

NEAR_TOKENS = 4
"""How many tokens may stand between the two halves of a term whose middle is wrong."""
MAX_SIMILAR = 20
"""So many words of the index may stand for one that is mistyped."""
MAX_LEAVES = 350
"""What a plan may look up in one place; two places and the exclusions stay below the 1,024 of OpenSearch."""


class Match(StrEnum):
    """How the tokens of a clause must be there."""

    PHRASE = "phrase"
    ANY = "any"
    SIMILAR = "similar"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """Tokens in a stream: in sequence, one of them, or one word within `edits` edits.

    With `is_prefix` the last token of a phrase is only the beginning of one. `then` is a second phrase that
    must follow the first within NEAR_TOKENS tokens. Any of `others` does instead.
    """

    stream: str
    tokens: Tokens
    match: Match = Match.PHRASE
    is_prefix: bool = False
    then: Tokens = ()
    edits: int = 0
    others: tuple[Clause, ...] = ()


Way: TypeAlias = tuple[Clause, ...]
Group: TypeAlias = tuple[Way, ...]


def leaves(way: Way) -> int:
    """How many look-ups a way costs in one place; one of several clauses is also looked for page by page."""
    clauses = sum(_clause_leaves(each) for clause in way for each in (clause, *clause.others))
    return clauses if len(way) == 1 else (3 * clauses + 1) // 2


def within_limit(groups: Sequence[Sequence[Way]]) -> tuple[Group, ...]:
    """The first way of each group, then the second of each, as far as they are not too many together."""
    left = MAX_LEAVES
    kept: list[list[Way]] = [[] for _ in groups]
    for turn in zip_longest(*groups):
        for ways, way in zip(kept, turn, strict=True):
            if way is not None and (leaves(way) <= left or not ways):
                ways.append(way)
                left -= leaves(way)
    return tuple(map(tuple, kept))


def _clause_leaves(clause: Clause) -> int:
    """A phrase is one; what is near another, or only begins, is looked up token by token."""
    if clause.match is Match.SIMILAR:
        return MAX_SIMILAR
    is_one = clause.match is Match.PHRASE and not clause.then and not clause.is_prefix
    return 1 if is_one else len(clause.tokens) + len(clause.then)

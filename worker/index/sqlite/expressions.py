"""The ways of a plan in the query syntax of FTS5.

Tokens have word characters only, so that none needs an escape within its quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from worker.index.clauses import NEAR_TOKENS, Clause, Group, Match, Way

Similar: TypeAlias = Callable[[str, int], Sequence[str]]
"""The words of the index within some edits of a word."""
NOTHING = 'pairs : ""'
"""What no row matches."""


def group_expression(group: Group, similar: Similar) -> str:
    """A row matches by any of the ways."""
    return _any(filter(None, (way_expression(way, similar) for way in group))) or NOTHING


def way_expression(way: Way, similar: Similar) -> str:
    """A row matches by all clauses; "" where one of them has no word in the index."""
    clauses = [_any_clause(clause, similar) for clause in way]
    return f"({' AND '.join(clauses)})" if all(clauses) else ""


def _any_clause(clause: Clause, similar: Similar) -> str:
    found = [_clause(each, similar) for each in (clause, *clause.others)]
    known = list(filter(None, found))
    return f"({_any(known)})" if len(known) > 1 else _any(known)


def _clause(clause: Clause, similar: Similar) -> str:
    if clause.match is Match.PHRASE:
        return f"{clause.stream} : {_phrase(clause)}"
    words = clause.tokens if clause.match is Match.ANY else similar(clause.tokens[0], clause.edits)
    return f"{clause.stream} : ({_any(map(_in_quotes, words))})" if words else ""


def _phrase(clause: Clause) -> str:
    first = _in_quotes(" ".join(clause.tokens))
    if clause.then:
        return f"NEAR({first} {_in_quotes(' '.join(clause.then))}, {NEAR_TOKENS})"
    return f"{first} *" if clause.is_prefix else first


def _in_quotes(text: str) -> str:
    return f'"{text}"'


def _any(expressions: Iterable[str]) -> str:
    return " OR ".join(expressions)

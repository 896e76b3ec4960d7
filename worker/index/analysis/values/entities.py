"""Dates, numbers and codes of a folded text as tokens that are the same in every form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from worker.index.analysis.values.codes import contacts, part_numbers
from worker.index.analysis.values.dates import dates, short_dates
from worker.index.analysis.values.entity import Entity
from worker.index.analysis.values.numbers import NUMERALS, numbers

_MAY_HAVE_ENTITIES = re.compile(rf"[\d@{NUMERALS}]")


def entities(folded: str) -> Iterator[Entity]:
    """All of them; a place in digits alone may be a date, a number and a code at once (20240531)."""
    if not _MAY_HAVE_ENTITIES.search(folded):
        return
    found = list(contacts(folded))
    rest = _without(folded, found)
    days = list(dates(rest))
    rest = _without(rest, [day for day in days if not folded[day.start : day.end].isdecimal()])
    yield from chain(found, days, numbers(rest), part_numbers(rest))


def query_entities(folded: str) -> tuple[Entity, ...]:
    """Those of a query, in every way that its form leaves open: 1000005 may be a postal code."""
    found = [_with_bare_number(entity) for entity in entities(folded)]
    bare = folded.strip()
    found += [] if found else list(short_dates(folded))
    if bare.isascii() and bare.isdigit():
        tokens = [f"c{bare}", *([f"p{bare}"] if len(bare) == 7 else [])]
        found.append(Entity(start=0, end=len(folded), tokens=tuple(tokens), wanted=tuple(tokens)))
    return tuple(found)


def _with_bare_number(entity: Entity) -> Entity:
    """A code of digits may stand in a text without what parts or marks it: 〒100-0005 as 1000005."""
    codes = (token[1:] for token in entity.wanted if token[0] in "cp" and token[1:].isdigit())
    bare = (f"c{code}" if code.startswith("0") else f"n{code}" for code in codes)
    return replace(entity, wanted=tuple(dict.fromkeys((*entity.wanted, *bare))))


def _without(folded: str, found: list[Entity]) -> str:
    """The text with what was found as blanks, so that a telephone number has no amounts in it."""
    parts: list[str] = []
    done = 0
    for entity in sorted(found, key=lambda entity: entity.start):
        parts += [folded[done : entity.start], " " * (entity.end - entity.start)]
        done = entity.end
    return "".join([*parts, folded[done:]])

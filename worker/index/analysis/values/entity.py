"""An entity: a date, number or code in a folded text, whatever its form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """What stands in a folded text from `start` to `end`.

    `tokens` are what the index has for it, `wanted` those of which a query wants one: a day is found by its
    month and year, but a query for the day wants the day. Tokens have small letters and digits only.
    """

    start: int
    end: int
    tokens: tuple[str, ...]
    wanted: tuple[str, ...]

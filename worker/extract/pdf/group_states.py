"""Which groups of a PDF's optional content are off, and which memberships of groups (PDF 32000-1, 8.11).

What refers to groups may do so millions of times in a few bytes: arrays that are shared are evaluated once,
and all steps are counted. What cannot be evaluated is off, since nobody knows that a viewer shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pikepdf

# A plan with a million objects takes as many; they take seconds.
_MAX_STEPS = 3_000_000
_MAX_DEPTH = 50

Group = tuple[int, int]
"""The number and generation of a group's dictionary: groups are known by these, never by their names."""


class TooComplexError(ValueError):
    """The file's optional content takes more steps than a real one does."""


class Steps:
    """The steps that one file may take."""

    def __init__(self, *, most: int = _MAX_STEPS) -> None:
        self._most = self._left = most

    def count(self, things: Iterable[Any]) -> Iterator[Any]:
        """The things, each of which takes a step. Raises TooComplexError."""
        for thing in things:
            self._left -= 1
            if self._left < 0:
                raise TooComplexError(f"its optional content takes over {self._most} steps")
            yield thing

    def items(self, array: Any) -> Iterator[Any]:
        """The items of an array; none of anything else."""
        return self.count(array) if isinstance(array, pikepdf.Array) else iter(())

    def groups(self, array: Any) -> Iterator[Any]:
        """The dictionaries of an array."""
        return (item for item in self.items(array) if isinstance(item, pikepdf.Dictionary))


class GroupStates:
    """The groups that are off when the file is opened, and what follows for memberships of groups."""

    def __init__(self, properties: pikepdf.Dictionary, steps: Steps) -> None:
        self._steps = steps
        self.groups = list(steps.groups(properties.get("/OCGs")))
        self.off = self._groups_off(properties.get("/D"))
        self._values: dict[Group, bool | None] = {}

    def is_off(self, group: Any) -> bool:
        """Whether a group, or a membership of groups, hides its content."""
        if group.get("/Type") != "/OCMD":
            return group.objgen in self.off
        return self._once(group, self._is_shown) is not True

    def _groups_off(self, configuration: Any) -> frozenset[Group]:
        if not isinstance(configuration, pikepdf.Dictionary):
            return frozenset()
        every = {group.objgen: group for group in self.groups}
        off = set(every) if configuration.get("/BaseState") == "/OFF" else set()
        off -= self._ids(configuration.get("/ON"))
        off |= self._ids(configuration.get("/OFF")) & every.keys()
        for usage in self._steps.groups(configuration.get("/AS")):
            if usage.get("/Event") == "/View":
                for name in self._ids(usage.get("/OCGs")) & every.keys():
                    _apply_usage(every[name], off)
        # A group of another intent than viewing has no effect on what is viewed.
        return frozenset(name for name in off if self._is_for_viewing(every[name]))

    def _ids(self, array: Any) -> set[Group]:
        return {group.objgen for group in self._steps.groups(array)}

    def _is_for_viewing(self, group: Any) -> bool:
        intent = group.get("/Intent")
        names = self._steps.items(intent) if isinstance(intent, pikepdf.Array) else [intent]
        return intent is None or any(name in ("/View", "/All") for name in names)

    def _once(self, thing: Any, evaluate: Callable[[Any], bool | None]) -> bool | None:
        """The value of something that others may refer to, too; None where it refers to itself."""
        if not thing.is_indirect:
            return evaluate(thing)
        if thing.objgen not in self._values:
            self._values[thing.objgen] = None
            self._values[thing.objgen] = evaluate(thing)
        return self._values[thing.objgen]

    def _is_shown(self, membership: Any) -> bool | None:
        expression = membership.get("/VE")
        if isinstance(expression, pikepdf.Array) and len(expression):
            return self._value(expression, _MAX_DEPTH)
        members = membership.get("/OCGs")
        listed = [members] if isinstance(members, pikepdf.Dictionary) else self._steps.groups(members)
        states = {member.objgen not in self.off for member in listed}
        if not states:
            return True
        rule = str(membership.get("/P", "/AnyOn"))
        return {
            "/AllOn": False not in states,
            "/AnyOff": False in states,
            "/AllOff": True not in states,
        }.get(rule, True in states)

    def _value(self, expression: Any, depth: int) -> bool | None:
        """Whether an expression holds; None where it has no end."""
        if isinstance(expression, pikepdf.Dictionary):
            return expression.objgen not in self.off
        if not isinstance(expression, pikepdf.Array):
            return True
        return self._once(expression, lambda array: self._evaluate(array, depth - 1)) if depth else None

    def _evaluate(self, expression: Any, depth: int) -> bool | None:
        parts = self._steps.items(expression)
        operator = str(next(parts, None))
        values = (self._value(part, depth) for part in parts)
        if operator == "/Not":
            value = next(values, True)
            return None if value is None else not value
        decisive = operator == "/Or"
        found = set()
        for value in values:
            if value is decisive:
                return decisive
            found.add(value)
        return None if None in found else not decisive


def _apply_usage(group: Any, off: set[Group]) -> None:
    usage = group.get("/Usage")
    view = usage.get("/View") if isinstance(usage, pikepdf.Dictionary) else None
    state = view.get("/ViewState") if isinstance(view, pikepdf.Dictionary) else None
    if state == "/OFF":
        off.add(group.objgen)
    elif state == "/ON":
        off.discard(group.objgen)

"""Dataclasses to plain JSON values and back, every value checked against its annotation.

Knows what the messages of protocol.py are made of: str, int, float, bool, Path, StrEnum, tuples of one type,
dataclasses, `X | None`, and `Annotated[int, Range(...)]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from worker.sandbox.channel import ProtocolError

T = TypeVar("T")

Check = Callable[[object], Any]
"""Returns the value that a plain value stands for; raises ProtocolError where it stands for none."""

# JSON integers have no end, but SQLite's and DynamoDB's columns, where some of these go, have.
_MAX_INTEGER = 2**63 - 1
_PLAIN = frozenset({str, int, float, bool, NoneType})


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Bounds of a number, both included; used inside Annotated."""

    least: float
    most: float = _MAX_INTEGER


_ANY_INTEGER = Range(least=-_MAX_INTEGER)


def encode(value: object) -> Any:
    """A value as json.dumps takes it."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if is_dataclass(kind):
        return {name: encode(getattr(value, name)) for name in _field_names(kind)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, Path | StrEnum) else value


@cache
def _field_names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def decode(cls: type[T], values: Mapping[str, object]) -> T:
    """A dataclass from plain values; raises ProtocolError where one is missing, unknown or wrong."""
    return _check_of(cls)(values)  # type: ignore[no-any-return, arg-type]


# What a class needs is found out once: it takes longer than the check of a message. The classes are those of
# protocol.py, so this holds as many entries.
@cache
def _check_of(cls: type[Any]) -> Check:
    return _to_dataclass(cls, cls.__name__)


def _to_dataclass(cls: type[Any], where: str) -> Check:
    hints = get_type_hints(cls, include_extras=True)
    names = [field.name for field in fields(cls)]
    checks = {name: _to_value(hints[name], f"{where}.{name}") for name in names}

    def check(values: object) -> Any:
        if not isinstance(values, dict):
            raise _unexpected(where, values, "an object")
        if len(values) != len(checks) or values.keys() != checks.keys():
            if missing := checks.keys() - values.keys():
                raise ProtocolError(f"{where} lacks {', '.join(sorted(missing))}")
            raise ProtocolError(f"{where} has fields that it should not have")
        return cls(**{name: to_value(values[name]) for name, to_value in checks.items()})

    return check


def _to_value(annotation: Any, where: str) -> Check:
    origin = get_origin(annotation)
    if origin is Annotated:
        kind, bounds = get_args(annotation)
        return _to_number(kind, where, bounds)
    if origin is UnionType:
        (kind,) = (part for part in get_args(annotation) if part is not NoneType)
        inner = _to_value(kind, where)
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _to_tuple(_to_value(get_args(annotation)[0], where), where)
    if is_dataclass(annotation):
        return _to_dataclass(annotation, where)  # type: ignore[arg-type]
    if annotation in (int, float):
        return _to_number(annotation, where, _ANY_INTEGER)
    return _to_bool(where) if annotation is bool else _to_string(annotation, where)


def _to_tuple(item: Check, where: str) -> Check:
    def check(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _unexpected(where, value, "a list")
        return tuple(map(item, value))

    return check


def _to_bool(where: str) -> Check:
    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise _unexpected(where, value, "true or false")
        return value

    return check


def _to_string(kind: type[Any], where: str) -> Check:
    def check(value: object) -> Any:
        if not isinstance(value, str):
            raise _unexpected(where, value, "a string")
        if kind is str:
            return value
        try:
            return kind(value)  # a Path, or a StrEnum, which refuses what it does not know
        except ValueError as error:
            raise ProtocolError(f"{where} is no {kind.__name__}") from error

    return check


def _to_number(kind: type[Any], where: str, bounds: Range) -> Check:
    expected = int if kind is int else int | float

    def check(value: Any) -> Any:
        # bool is a subclass of int; a float field takes an integer, because JSON writes 60.0 s as either.
        if isinstance(value, bool) or not isinstance(value, expected):
            raise _unexpected(where, value, "an integer" if kind is int else "a number")
        if not bounds.least <= value <= bounds.most:  # NaN and the infinities, which json.loads takes, too
            raise ProtocolError(f"{where} is out of range")
        return kind(value)

    return check


def _unexpected(where: str, value: object, expected: str) -> ProtocolError:
    return ProtocolError(f"{where} is of type {type(value).__name__}, not {expected}")

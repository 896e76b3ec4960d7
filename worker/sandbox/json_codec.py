"""Dataclasses to plain JSON values and back, every value checked against its annotation.

Knows what the messages of protocol.py are made of: str, int, float, bool, Path, StrEnum, tuples of one type,
dataclasses, `X | None`, and `Annotated[int, Range(...)]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from worker.sandbox.channel import ProtocolError

T = TypeVar("T")

# JSON integers have no end, but SQLite's and DynamoDB's columns, where some of these go, have.
_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Bounds of a number, both included; used inside Annotated."""

    least: float
    most: float = _MAX_INTEGER


_ANY_INTEGER = Range(least=-_MAX_INTEGER)


def encode(value: object) -> Any:
    """A value as json.dumps takes it."""
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, Path | StrEnum) else value


def decode(cls: type[T], values: Mapping[str, object]) -> T:
    """A dataclass from plain values; raises ProtocolError where one is missing, unknown or wrong."""
    return _to_dataclass(cls, values, cls.__name__)  # type: ignore[no-any-return]


def _to_dataclass(cls: type[Any], values: object, where: str) -> Any:
    if not isinstance(values, Mapping):
        raise _unexpected(where, values, "an object")
    annotations = _annotations(cls)  # type: ignore[arg-type]  # mypy takes type[Any] for unhashable
    if missing := annotations.keys() - values.keys():
        raise ProtocolError(f"{where} lacks {', '.join(sorted(missing))}")
    if len(values) > len(annotations):
        raise ProtocolError(f"{where} has fields that it should not have")
    return cls(
        **{
            name: _to_value(annotation, values[name], f"{where}.{name}")
            for name, annotation in annotations.items()
        }
    )


@cache
def _annotations(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}


def _to_value(annotation: Any, value: object, where: str) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        kind, bounds = get_args(annotation)
        return _to_number(kind, value, where, bounds)
    if origin is UnionType:
        (kind,) = (part for part in get_args(annotation) if part is not NoneType)
        return None if value is None else _to_value(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise _unexpected(where, value, "a list")
        return tuple(_to_value(get_args(annotation)[0], item, where) for item in value)
    if is_dataclass(annotation):
        return _to_dataclass(annotation, value, where)  # type: ignore[arg-type]
    if annotation in (int, float):
        return _to_number(annotation, value, where, _ANY_INTEGER)
    return _to_scalar(annotation, value, where)


def _to_scalar(kind: type[Any], value: object, where: str) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise _unexpected(where, value, "true or false")
        return value
    if not isinstance(value, str):
        raise _unexpected(where, value, "a string")
    try:
        return kind(value)  # str, Path, or a StrEnum, which refuses what it does not know
    except ValueError as error:
        raise ProtocolError(f"{where} is no {kind.__name__}") from error


def _to_number(kind: type[Any], value: object, where: str, bounds: Range) -> Any:
    # bool is a subclass of int; a float field takes an integer, because JSON writes 60.0 s as either.
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        raise _unexpected(where, value, "an integer" if kind is int else "a number")
    if not bounds.least <= value <= bounds.most:  # NaN and the infinities, which json.loads takes, too
        raise ProtocolError(f"{where} is out of range")
    return kind(value)


def _unexpected(where: str, value: object, expected: str) -> ProtocolError:
    return ProtocolError(f"{where} is of type {type(value).__name__}, not {expected}")

"""Dataclasses to plain values and back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest

from worker.sandbox.channel import ProtocolError
from worker.sandbox.json_codec import Range, decode, encode

pytestmark = pytest.mark.unit


class _Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class _Inner:
    ratio: float


@dataclass(frozen=True)
class _Outer:
    name: str
    place: Path
    count: Annotated[int, Range(least=1, most=3)]
    colour: _Colour
    inner: _Inner
    numbers: tuple[Annotated[int, Range(least=0)], ...]
    note: str | None = None
    lasts: bool = False


_VALUES: dict[str, object] = {
    "name": "a",
    "place": "/b",
    "count": 2,
    "colour": "red",
    "inner": {"ratio": 0.5},
    "numbers": [1, 2],
    "note": None,
    "lasts": True,
}


def test_values_come_back_as_they_were() -> None:
    outer = _Outer("a", Path("/b"), 2, _Colour.RED, _Inner(0.5), (1, 2), None, lasts=True)
    assert encode(outer) == _VALUES
    assert decode(_Outer, _VALUES) == outer


def test_an_integer_is_a_float_and_not_the_other_way_round() -> None:
    ratio = decode(_Inner, {"ratio": 1}).ratio
    assert isinstance(ratio, float)
    with pytest.raises(ProtocolError, match=r"_Outer\.count is of type float, not an integer"):
        decode(_Outer, _VALUES | {"count": 2.0})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "_Outer.count is out of range"),
        ({"count": 4}, "_Outer.count is out of range"),
        ({"count": True}, "_Outer.count is of type bool, not an integer"),
        ({"count": None}, "_Outer.count is of type NoneType, not an integer"),
        ({"colour": "blue"}, "_Outer.colour is no _Colour"),
        ({"colour": []}, "_Outer.colour is of type list, not a string"),
        ({"inner": []}, "_Outer.inner is of type list, not an object"),
        ({"inner": {}}, "_Outer.inner lacks ratio"),
        ({"inner": {"ratio": float("nan")}}, "_Outer.inner.ratio is out of range"),
        ({"inner": {"ratio": 10**400}}, "_Outer.inner.ratio is out of range"),
        ({"numbers": "12"}, "_Outer.numbers is of type str, not a list"),
        ({"numbers": [1, -1]}, "_Outer.numbers is out of range"),
        ({"note": 1}, "_Outer.note is of type int, not a string"),
        ({"lasts": 0}, "_Outer.lasts is of type int, not true or false"),
        ({"more": 0}, "_Outer has fields that it should not have"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        decode(_Outer, _VALUES | changes)
    assert str(raised.value) == message

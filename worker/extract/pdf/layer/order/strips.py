"""Strips of text on a PDF page: characters that are drawn one after the other in one direction.

The direction is that of the characters (along), or down the page, as columns of Japanese run. What is drawn
elsewhere begins a strip of its own. All positions are from the left of the page, and from its bottom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.page_objects import Box
from worker.extract.text.script import is_unspaced

_SAME_ANGLE = 3.0
# In sizes of the larger character: how far two of a strip may stand beside each other, and apart.
_BESIDE, _BACK = 0.5, 0.3
_FAR_DOWN, _FAR_IN_COLUMN, _FAR_SLANTED = 1.35, 2.2, 4.0
# Latin words turned within a column stand beside its middle; digits of a date stand side by side in it.
_TURNED_BESIDE, _TURNED_DOWN, _SIDE_BY_SIDE = 0.95, 2.2, 1.2
# From so many characters on it is a column, in which Latin characters may stand upright, too.
_COLUMN = 3
# Furigana: small, and near the strip that they belong to.
_RUBY, _RUBY_BESIDE, _RUBY_ALONG = 0.7, 1.6, 3.0


class Direction(Enum):
    """Where the characters of a strip follow each other; UNKNOWN: it is a single one."""

    UNKNOWN = "unknown"
    ALONG = "along"
    DOWN = "down"


@dataclass(kw_only=True, slots=True)
class Strip:
    """Characters drawn one after the other; `anchor` is the last one that stands in the line itself."""

    anchor: Character
    characters: list[Character]
    direction: Direction = Direction.UNKNOWN

    @property
    def angle(self) -> float:
        """In which direction the strip runs, in degrees."""
        is_upright_column = self.direction is Direction.DOWN and not _is_turned(self.anchor)
        return self.anchor.angle - 90 if is_upright_column else self.anchor.angle

    @property
    def box(self) -> Box:
        """The box around where its characters begin, and one size of a character further."""
        xs, ys = (
            [character.along for character in self.characters],
            [character.across for character in self.characters],
        )
        size = self.anchor.size
        right = max(
            character.along + max(character.length, character.size / 2) for character in self.characters
        )
        return min(xs), min(ys), right, max(ys) + size


def split(characters: Sequence[Character]) -> list[Strip]:
    """The strips of characters in the order in which they are drawn."""
    strips: list[Strip] = []
    for character in characters:
        if not (strips and _add(strips[-1], character)):
            strips.append(Strip(anchor=character, characters=[character]))
    return strips


def step_between(one: Character, other: Character, angle: float) -> tuple[float, float]:
    """How far along a direction, and to its left, one character begins from another one."""
    radians = math.radians(angle)
    right, up = other.along - one.along, other.across - one.across
    along = right * math.cos(radians) + up * math.sin(radians)
    return along, up * math.cos(radians) - right * math.sin(radians)


def _add(strip: Strip, character: Character) -> bool:
    """Add a character where it continues the strip; whether it does."""
    anchor = strip.anchor
    if _is_ruby(anchor, character) or _is_ruby(character, anchor):
        # The line goes on after furigana from where it was before them.
        strip.anchor = max(anchor, character, key=lambda one: one.size)
        strip.characters.append(character)
        return True
    direction = _direction(anchor, character, in_column=len(strip.characters) >= _COLUMN)
    if strip.direction is Direction.DOWN and direction is Direction.ALONG:
        if _is_turned(character):
            direction = Direction.DOWN
        elif _is_side_by_side(anchor, character):
            strip.characters.append(character)
            return True
    is_same = strip.direction in (Direction.UNKNOWN, direction)
    if direction is Direction.UNKNOWN or not (is_same or _is_turned(anchor)):
        return False
    strip.direction, strip.anchor = direction, character
    strip.characters.append(character)
    return True


def _direction(one: Character, other: Character, *, in_column: bool) -> Direction:
    """In which direction a character follows another one; UNKNOWN: it does not."""
    size, smaller = max(one.size, other.size, 1.0), max(min(one.size, other.size), 0.5)
    if _turn(one.angle, other.angle) > _SAME_ANGLE:
        right, up = other.along - one.along, other.across - one.across
        is_column = {_is_turned(one), _is_turned(other)} == {True, False} and _is_upright(one, other)
        is_below = abs(right) <= _TURNED_BESIDE * size and 0 < -up <= _TURNED_DOWN * size
        return Direction.DOWN if is_column and is_below else Direction.UNKNOWN
    along, left = step_between(one, other, one.angle)
    if abs(left) <= _BESIDE * smaller and along >= -_BACK * size:
        is_near = along <= _FAR_SLANTED * size
        return Direction.ALONG if is_near or not is_slanted(one) else Direction.UNKNOWN
    unspaced = is_unspaced(one.text) + is_unspaced(other.text)
    is_column = unspaced == 2 or (unspaced == 1 and (in_column or one.text.isdigit() or other.text.isdigit()))
    far = _FAR_IN_COLUMN if in_column else _FAR_DOWN
    if is_column and abs(along) <= _BESIDE * size and 0 < -left <= far * size:
        return Direction.DOWN
    return Direction.UNKNOWN


def is_slanted(character: Character) -> bool:
    """Whether a character is not parallel to a side of the page."""
    return abs((character.angle + 45) % 90 - 45) > _SAME_ANGLE


def _is_turned(character: Character) -> bool:
    """Whether it is turned as Latin words are within a column."""
    return _turn(character.angle, -90) <= _SAME_ANGLE


def _is_upright(one: Character, other: Character) -> bool:
    return min(_turn(one.angle, 0), _turn(other.angle, 0)) <= _SAME_ANGLE


def _turn(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


def _is_side_by_side(first: Character, other: Character) -> bool:
    """Whether a digit or Latin character stands beside the first one of them in one place of a column."""
    along, _ = step_between(first, other, first.angle)
    is_narrow = not (is_unspaced(first.text) or is_unspaced(other.text))
    return is_narrow and 0 < along <= _SIDE_BY_SIDE * first.size


def _is_ruby(base: Character, small: Character) -> bool:
    """Whether a kana is small beside another character, and near it."""
    if small.size > _RUBY * base.size or not "\u3041" <= small.text <= "\u30ff":
        return False
    along, left = step_between(base, small, base.angle)
    across, down = (abs(left), abs(along)), (abs(along), abs(left))
    return any(
        beside <= _RUBY_BESIDE * base.size and forth <= _RUBY_ALONG * base.size
        for beside, forth in (across, down)
    )

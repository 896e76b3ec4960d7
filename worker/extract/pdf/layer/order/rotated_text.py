"""Text of PDF pages that runs down, up or at an angle: vertical Japanese, turned tables, lettering.

pdfium sorts what begins at one height from left to right, as words of a line. Here these are lines, which
would come reversed and joined, or a character a line. The order in which the page draws them is the order of
reading, unless the columns of a page prove to be drawn otherwise.
"""

from __future__ import annotations

import ctypes
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.strips import Direction, Strip, split, step_between
from worker.extract.pdf.layer.order.tiers import in_reading_order
from worker.extract.pdf.page_objects import drawing_order
from worker.extract.text.script import is_unspaced

# Strips of fewer characters may be anything.
_MIN_STRIP = 3
_MOST = 0.5
_SIDEWAYS = (90, 270)
_MIN_UNSPACED = 0.2
# A space, in sizes of a character. Down a column it is between what they draw, and a full stop or a bracket
# draws nothing in most of its square.
_GAP, _GAP_OF_LATIN = 0.5, 0.2
_INK_GAP, _INK_GAP_OF_LATIN = 1.05, 0.35
# What pdfium puts where a word was hyphenated at the end of a line.
_HYPHENS = "\x02\ufffe"
_SAME_LINE = 0.5
_UPRIGHT = 3.0
# How far an upright character reaches above where it begins, in sizes.
_ASCENT = 0.88
_CORNER = Character(text="", along=0.0, across=0.0, size=1.0)


def rotated_text(page: Any, layer: Any, characters: Sequence[Character]) -> list[Character] | None:
    """The characters of the page line by line; None where all of it is horizontal, as usual."""
    drawn = _as_drawn(page, layer, characters)
    turn = _usual_turn(drawn)
    strips = split([_turn(character, turn) for character in drawn] if turn else drawn)
    rotated = [strip for strip in strips if _is_rotated(strip)]
    share = sum(len(strip.characters) for strip in rotated) / max(1, len(drawn))
    # pdfium sorts the text of a page with /Rotate by where it stands on the rotated page.
    if turn in _SIDEWAYS or share > _MOST or page.get_rotation():
        return [character for strip in in_reading_order(strips) for character in _line(strip)]
    return _with_rotated(drawn, rotated) if rotated else None


def _as_drawn(page: Any, layer: Any, characters: Sequence[Character]) -> list[Character]:
    """The characters in the order in which the page draws them."""
    places = drawing_order(page)
    order, orders = 0, []
    for character in characters:
        owner = pdfium.FPDFText_GetTextObject(layer, character.index)
        order = places.get(ctypes.addressof(owner.contents), order) if owner else order
        orders.append(order)
    return [characters[place] for place in sorted(range(len(characters)), key=orders.__getitem__)]


def _usual_turn(characters: Sequence[Character]) -> int:
    """By which angle most characters are turned: 90, 180 or 270 degrees, else 0."""
    # Latin words are turned within columns; Japanese characters stand upright in these.
    unspaced = [character for character in characters if is_unspaced(character.text)]
    voters = unspaced if len(unspaced) >= _MIN_UNSPACED * len(characters) else characters
    turns = Counter(round(character.angle / 90) * 90 % 360 for character in voters)
    return next((turn for turn in (90, 180, 270) if turns[turn] > _MOST * len(voters)), 0)


def _turn(character: Character, turn: int) -> Character:
    """The character as on a page that is turned until it stands upright."""
    left, bottom, right, top = character.ink
    x, y = character.along, character.across
    if turn == 90:
        place, ink = (y, -x), (bottom, -right, top, -left)
    elif turn == 180:
        place, ink = (-x, -y), (-right, -top, -left, -bottom)
    else:
        place, ink = (-y, x), (-top, left, -bottom, right)
    angle = (character.angle - turn + 180) % 360 - 180
    return replace(character, along=place[0], across=place[1], angle=angle, ink=ink)


def _is_rotated(strip: Strip) -> bool:
    is_turned = abs((strip.anchor.angle + 90) % 180 - 90) > _UPRIGHT
    return len(strip.characters) >= _MIN_STRIP and (strip.direction is Direction.DOWN or is_turned)


def _line(strip: Strip) -> list[Character]:
    """The characters of a strip as a line of their own."""
    line = [_place(strip.characters[0], strip, "\r\n")]
    for one, other in pairwise(strip.characters):
        line.append(_place(other, strip, _separator(one, other, strip)))
    return line


def _place(character: Character, strip: Strip, before: str) -> Character:
    """The character with its place along the strip and across it."""
    if strip.direction is not Direction.DOWN:
        along, across = step_between(_CORNER, character, character.angle)
        return replace(character, along=along, across=across, before=before)
    # An upright character begins at its lower end, but in a column it comes with its upper end first.
    above = 0.0 if abs(character.angle) > _UPRIGHT else _ASCENT * character.size
    return replace(
        character,
        along=-character.across - above,
        across=character.along,
        before=before,
        length=character.size if above else character.length,
        is_horizontal=False,
    )


def _separator(one: Character, other: Character, strip: Strip) -> str:
    """What belongs between two characters of a strip: nothing or a space."""
    if one.text in _HYPHENS or one.text.isspace() or other.text.isspace():
        return ""
    is_latin = not (is_unspaced(one.text) or is_unspaced(other.text))
    if strip.direction is not Direction.DOWN:
        along, _ = step_between(one, other, one.angle)
        gap, limit = along - one.length, _GAP_OF_LATIN if is_latin else _GAP
    elif is_latin and other.before == " " and 0 < other.index - one.index <= 2:
        return " "
    else:
        gap = max(other.ink[1] - one.ink[3], one.ink[1] - other.ink[3])
        limit = _INK_GAP_OF_LATIN if is_latin else _INK_GAP
    return " " if gap > limit * max(one.size, other.size, 1.0) else ""


def _with_rotated(drawn: Sequence[Character], rotated: Sequence[Strip]) -> list[Character]:
    """The horizontal lines as pdfium reports them, and each other strip after the line drawn before it."""
    inserted = {character.index for strip in rotated for character in strip.characters}
    lines = list(_horizontal_lines(drawn, inserted))
    line_of = {character.index: number for number, line in enumerate(lines) for character in line}
    starts = {strip.characters[0].index: strip for strip in rotated}
    after: defaultdict[int, list[Strip]] = defaultdict(list)
    number = -1
    for character in drawn:
        number = line_of.get(character.index, number)
        if character.index in starts:
            after[number].append(starts[character.index])
    ordered: list[Character] = []
    for number, line in enumerate([[], *lines], start=-1):
        ordered += line
        for strip in in_reading_order(after[number]):
            ordered += _line(strip)
    return ordered


def _horizontal_lines(drawn: Sequence[Character], without: set[int]) -> Iterator[list[Character]]:
    """The lines of the other characters, as pdfium reports them."""
    line: list[Character] = []
    before, is_torn = "", False
    for character in sorted(drawn, key=lambda one: one.index):
        before += character.before
        if character.index in without:
            is_torn = True
            continue
        if is_torn and line:
            is_below = abs(line[-1].across - character.across) > _SAME_LINE * character.size
            before = "\r\n" if is_below else before[:1].strip("\r\n")
        if line and "\n" in before:
            yield line
            line = []
        line.append(replace(character, before=before if line else "\r\n"))
        before, is_torn = "", False
    if line:
        yield line

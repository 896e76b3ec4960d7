"""Characters that a page draws twice in one place: bold faces made of a thin one, halos, shadows.

pdfium joins the copies where font and distance are what it expects; the others would stand in the text as
"MMuunniicciippaall", or as a line that comes twice.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.line_order import separator

# In sizes of the character, and in its own lengths: narrow ones stand closer to their neighbours.
_MAX_AWAY, _MAX_OF_LENGTH = 0.15, 0.6
_SAME_LINE = 0.3
_LIGATURE = 3
_SOON, _MIN_RUN = 8, 3
# Figures may begin so.
_TWICE = re.compile(r"[ \n]([^\W\d_])\1([^\W\d_])\2")
# Characters without a width may lie in one cell by the thousand, and none repeat another one.
_MAX_IN_CELL = 16
_Cell = tuple[str, int, int, int]


def may_have_duplicates(text: str) -> bool:
    """Whether a line or word begins with each character twice; a cheap check for all pages."""
    return _TWICE.search(text) is not None or _TWICE.match(f" {text[:4]}") is not None


def drop_duplicates(characters: Sequence[Character]) -> list[Character]:
    """The characters without those that were drawn before, in nearly the same place and size."""
    originals = _originals(characters)
    kept: list[Character] = []
    is_after_copy = False
    for place, character in enumerate(characters):
        if place in originals and _is_copy(place, originals):
            is_after_copy = True
            continue
        kept.append(_joined(kept[-1], character) if is_after_copy and kept else character)
        is_after_copy = False
    return kept


def _originals(characters: Sequence[Character]) -> dict[int, int]:
    """Of each character that repeats one in its place: the places of both in the text."""
    drawn: defaultdict[_Cell, deque[int]] = defaultdict(lambda: deque(maxlen=_MAX_IN_CELL))
    originals: dict[int, int] = {}
    for place, character in enumerate(characters):
        cell = _cell(character)
        for other in (other for near in _near(cell) for other in drawn.get(near, ())):
            if _is_duplicate(character, characters[other]):
                originals[place] = other
                break
        else:
            drawn[cell].append(place)
    return originals


def _is_copy(place: int, originals: Mapping[int, int]) -> bool:
    """Whether it is a copy and not another text's character that happens to lie there.

    Copies follow soon after the original, or with others in the same order.
    """
    original = originals[place]
    if place - original <= _SOON:
        return True
    run = 1
    for step in (-1, 1):
        beside = place + step
        while run < _MIN_RUN and _is_step(originals.get(beside), original + beside - place):
            run += 1
            beside += step
    return run >= _MIN_RUN


def _is_step(original: int | None, expected: int) -> bool:
    # pdfium joins some of the copies, so that not every character has one.
    return original is not None and abs(original - expected) <= _SOON


def _cell(character: Character) -> _Cell:
    size = max(1, round(character.size))
    cell = _MAX_AWAY * size
    return character.text, size, round(character.along / cell), round(character.across / cell)


def _near(cell: _Cell) -> Iterator[_Cell]:
    text, size, along, across = cell
    for beside in (-1, 0, 1):
        for over in (-1, 0, 1):
            yield text, size, along + beside, across + over


def _is_duplicate(one: Character, other: Character) -> bool:
    # A ligature is one glyph, which pdfium reports as several characters in one place.
    if (
        one.ink == other.ink
        and one.text == other.text
        and (one.along, one.across) == (other.along, other.across)
    ):
        return abs(one.index - other.index) > _LIGATURE
    away = _MAX_AWAY * one.size
    along = min(away, _MAX_OF_LENGTH * one.length) if one.length else away
    return abs(one.along - other.along) <= along and abs(one.across - other.across) <= away


def _joined(last: Character, character: Character) -> Character:
    """A character after a copy that was left out, which may have ended the line before it."""
    gap = character.along - last.along - last.length
    if abs(character.across - last.across) > _SAME_LINE * last.size or not -last.size < gap < 3 * last.size:
        return character
    return replace(character, before=separator(last.text, character.text, gap / last.size))

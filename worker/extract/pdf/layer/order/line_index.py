"""Things on a page's lines, found by where their lines are: a page may have tens of thousands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from worker.extract.pdf.layer.order.characters import Character

T = TypeVar("T")


class LineIndex(Generic[T]):
    """Things, each by a character that stands on its line; sizes are rounded to points."""

    def __init__(self, things: Iterable[tuple[Character, T]]) -> None:
        groups: defaultdict[tuple[bool, int], list[tuple[float, T]]] = defaultdict(list)
        for character, thing in things:
            groups[character.is_horizontal, round(character.size)].append((character.across, thing))
        self._groups = {key: sorted(group, key=lambda item: item[0]) for key, group in groups.items()}
        self._sizes = {key: sorted(size for way, size in groups if way is key) for key in (False, True)}

    def sizes(self, least: float, most: float, *, is_horizontal: bool) -> list[int]:
        """The sizes between two that some of the lines have, within half a point."""
        sizes = self._sizes[is_horizontal]
        return sizes[bisect_left(sizes, least - 0.5) : bisect_right(sizes, most + 0.5)]

    def between(self, lowest: float, highest: float, *, size: int, is_horizontal: bool) -> Iterator[T]:
        """What is on the lines of a size that are not further across, nor less."""
        group = self._groups.get((is_horizontal, size), [])
        start = bisect_left(group, lowest, key=lambda item: item[0])
        for place in range(start, len(group)):
            across, thing = group[place]
            if across > highest:
                return
            yield thing

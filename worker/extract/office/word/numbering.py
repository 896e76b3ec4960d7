"""The numbers that Word puts before paragraphs: 第1条, (2), イ. A file has only the rules they follow.

What is searched and quoted by its number, an article of a contract, is not in the text of its paragraph
(ECMA-376 part 1, 17.9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from worker.extract.office.ooxml_package import UNREADABLE, Element, Package, local_attribute, local_name
from worker.extract.office.word.number_text import number_text

_BULLET = "bullet"
_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_MAX_TEXT_CHARS = 255
_MAX_STYLES_IN_A_CHAIN = 20
_MAX_NUMBER = 2**31 - 1
_MAX_DIGITS = 10
# Larger ones are no lists of people; as a tree they take ten times their size of memory.
_MAX_PART_BYTES = 32 * 1024**2
_WORD_PART = "word/{0}.xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Level:
    """How the paragraphs of a level of a list are numbered.

    `restart` is the level (from 1) whose next paragraph lets it begin again: None any above, 0 never.
    `digits` are the least digits of a format such as 001.
    """

    start: int = 1
    number_format: str = "decimal"
    text: str = ""
    restart: int | None = None
    is_legal: bool = False
    has_space: bool = True
    style: str = ""
    digits: int = 0

    def write(self, number: int, *, in_digits: bool) -> str:
        """One number of this level."""
        return number_text(number, "decimal" if in_digits else self.number_format).zfill(self.digits)


_List = dict[int, _Level]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Style:
    """What a paragraph style says of numbers."""

    parent: str
    list_id: str | None
    level: int | None


class Numbering:
    """Counts the paragraphs of one document, which must be asked for in their order."""

    def __init__(self, package: Package) -> None:
        self._abstract: dict[str, _List] = {}
        self._by_style: dict[str, str] = {}
        self._lists: dict[str, tuple[str, _List, dict[int, int]]] = {}
        self._styles: dict[str, _Style] = {}
        self._default_style = ""
        self._counters: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()
        # A document whose lists are damaged is read without its numbers.
        for name, read in (("styles", self._read_styles), ("numbering", self._read_lists)):
            part = _WORD_PART.format(name)
            try:
                if part in package and package.fingerprint(part)[1] <= _MAX_PART_BYTES:
                    read(package.tree(part))
            except UNREADABLE:
                continue

    def begin_part(self) -> None:
        """Headers, body and notes each count for themselves: a list in a header moves no article."""
        self._counters.clear()
        self._begun.clear()

    def number_of(self, paragraph: Element) -> str:
        """The number before a paragraph, with a space; "" for most, and for bullets."""
        if _is_deleted(paragraph):
            return ""
        list_id, level = self._place(paragraph)
        if list_id not in self._lists:
            return ""
        abstract, levels, starts = self._lists[list_id]
        if level not in levels:
            return ""
        counters = self._counters.setdefault(abstract, {})
        self._count(counters, levels, level)
        if level in starts and (list_id, level) not in self._begun:
            counters[level] = starts[level]
        self._begun.add((list_id, level))
        return _text(levels, level, counters)

    @staticmethod
    def _count(counters: dict[int, int], levels: _List, level: int) -> None:
        counters[level] = min(counters.get(level, levels[level].start - 1) + 1, _MAX_NUMBER)
        for deeper in [each for each in counters if each > level]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or level < restart:
                del counters[deeper]

    def _place(self, paragraph: Element) -> tuple[str, int]:
        """The list of a paragraph and its level there, by its own properties or by its style's."""
        properties = _child(paragraph, "pPr")
        own = _numbering_of(properties)
        style = _value(properties, "pStyle") or self._default_style
        by_style = self._place_by_style(style)
        if own is None:
            return by_style
        list_id, level = own
        if list_id is None:
            return by_style[0], by_style[1] if level is None else level
        return list_id, level or 0

    def _place_by_style(self, name: str) -> tuple[str, int]:
        first = name
        for _ in range(_MAX_STYLES_IN_A_CHAIN):
            style = self._styles.get(name)
            if style is None:
                break
            if style.list_id is not None:
                levels = self._lists[style.list_id][1] if style.list_id in self._lists else {}
                linked = (level for level, each in levels.items() if each.style in (first, name))
                return style.list_id, next(linked, style.level or 0)
            name = style.parent
        return "", 0

    def _read_styles(self, root: Element) -> None:
        for style in root.iter("{*}style"):
            name = _attribute(style, "styleId")
            found = _numbering_of(_child(style, "pPr")) or (None, None)
            self._styles[name] = _Style(parent=_value(style, "basedOn"), list_id=found[0], level=found[1])
            if _attribute(style, "type") == "paragraph" and _is_on(_attribute(style, "default") or "0"):
                self._default_style = name

    def _read_lists(self, root: Element) -> None:
        links: dict[str, str] = {}
        for element in root.iter("{*}abstractNum"):
            key = _attribute(element, "abstractNumId")
            self._abstract[key] = dict(_levels(element))
            if style := _value(element, "styleLink"):
                self._by_style[style] = key
            if style := _value(element, "numStyleLink"):
                links[key] = style
        for element in root.iter("{*}num"):
            abstract = _value(element, "abstractNumId")
            abstract = self._by_style.get(links.get(abstract, ""), abstract)
            levels, starts = dict(self._abstract.get(abstract, {})), {}
            for override in (child for child in element if local_name(child) == "lvlOverride"):
                levels |= dict(_levels(override))
                level, start = _whole(_attribute(override, "ilvl")), _value(override, "startOverride")
                if start:
                    starts[level] = _whole(start)
                    levels[level] = replace(levels.get(level, _Level()), start=starts[level])
            self._lists[_attribute(element, "numId")] = (abstract, levels, starts)


def _text(levels: _List, level: int, counters: dict[int, int]) -> str:
    own = levels[level]
    if own.number_format == _BULLET:
        return ""

    def number(place: re.Match[str]) -> str:
        at = int(place[1]) - 1
        known = levels.get(at, _Level())
        return known.write(counters.get(at, known.start), in_digits=own.is_legal)

    text = _PLACE.sub(number, own.text).strip()[:_MAX_TEXT_CHARS]
    return f"{text} " if text and own.has_space else text


def _levels(parent: Element) -> Iterator[tuple[int, _Level]]:
    for element in parent:
        if local_name(element) != "lvl":
            continue
        number_format, digits = _format(element)
        yield (
            _whole(_attribute(element, "ilvl")) % _LEVELS,
            _Level(
                start=_whole(_value(element, "start") or "0"),
                number_format=number_format,
                digits=digits,
                text=_value(element, "lvlText")[:_MAX_TEXT_CHARS],
                restart=_whole(_value(element, "lvlRestart")) if _value(element, "lvlRestart") else None,
                is_legal=_child(element, "isLgl") is not None and _is_on(_value(element, "isLgl") or "1"),
                has_space=_value(element, "suff") != "nothing",
                style=_value(element, "pStyle"),
            ),
        )


def _format(level: Element) -> tuple[str, int]:
    """The format and the least digits: 001, 002 is a custom format beside an older one."""
    found = next(level.iter("{*}numFmt"), None)
    kind = _attribute(found, "val") or "decimal"
    if kind != "custom":
        return kind, 0
    first = _attribute(found, "format").partition(",")[0].strip()
    return "decimal", min(len(first), _MAX_DIGITS) if first.isdecimal() else 0


def _is_deleted(paragraph: Element) -> bool:
    """Whether a tracked change deletes its mark, or moves it: then it is no paragraph of its own."""
    mark = _child(_child(paragraph, "pPr"), "rPr")
    return any(_child(mark, change) is not None for change in ("del", "moveFrom"))


def _numbering_of(properties: Element | None) -> tuple[str | None, int | None] | None:
    """The list's id and the level that properties name; not those of before a tracked change."""
    found = _child(properties, "numPr")
    if found is None:
        return None
    level = _value(found, "ilvl")
    return _value(found, "numId") or None, _whole(level) if level else None


def _child(parent: Element | None, name: str) -> Element | None:
    if parent is None:
        return None
    return next((child for child in parent if local_name(child) == name), None)


def _value(parent: Element | None, name: str) -> str:
    return _attribute(_child(parent, name), "val")


def _attribute(element: Element | None, name: str) -> str:
    if element is None:
        return ""
    return local_attribute(element, name)


def _is_on(value: str) -> bool:
    return value not in ("0", "false", "off")


def _whole(text: str) -> int:
    """A whole number that is not negative; 0 for what is none."""
    return min(int(text), _MAX_NUMBER) if text.isdecimal() and len(text) < 12 else 0

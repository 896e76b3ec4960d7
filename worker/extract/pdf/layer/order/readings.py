"""Pages with furigana throughout, as public offices print them: a small line of kana over every line.

A form has such lines too, for the reading of a name, and these are text. So a page counts only where
readings stand over the kanji of sentences; then all that stand over kanji are furigana, but for labels.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.line_index import LineIndex

_KANA = re.compile(r"[\u3041-\u30ff]")
_HIRAGANA = re.compile(r"[\u3041-\u309f]")
_KANJI = re.compile(r"[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff]")
_LABEL = re.compile("[ふフ][りリ][がガ][なナ]|[よヨ][みミ]|カナ|かな")
_MAX_SIZE = 0.65
_SAME_SIZE = 0.05
# In sizes of the text beneath: how far over it, how far from the middle of the kanji, where a line ends.
_MIN_AWAY, _MAX_AWAY = 0.5, 1.6
_OFF_CENTRE = 0.75
_LINE_GAP = 1.6
_SAME_LINE = 0.4
# In sizes of the reading: from here on the next one begins.
_READING_GAP = 1.7
_MIN_OVERLAP = 0.3
_MIN_SENTENCES = 3
_MIN_OF_LINE = 0.5
# What is so many times as large as a reading is no text that it is of.
_MAX_BODY = 5.0
# Under one reading; characters may lie upon each other.
_MAX_BENEATH = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """The characters of a line and size in the order of their positions.

    `hiragana` is the size of the largest one in the text, up to the next gap, that each character is in.
    """

    characters: Sequence[Character]
    hiragana: Sequence[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """A run of small kana: their places in the text, and what they stand over."""

    places: Sequence[int]
    first: Character
    is_label: bool
    is_over_kanji: bool
    is_over_sentence: bool


def readings(characters: Sequence[Character]) -> frozenset[int]:
    """The places of the characters that are furigana, on a page that has them throughout."""
    lines = LineIndex((line[0], _measure(line)) for line in _by_position(characters))
    rows = [[_reading(run, characters, lines) for run in row] for row in _small_rows(characters)]
    every = [reading for row in rows for reading in row]
    if sum(reading.is_over_sentence for reading in every) < _MIN_SENTENCES:
        return frozenset()
    # What stands beside "furigana" in a form is the reading that somebody wrote there.
    labels = LineIndex((reading.first, reading.first) for reading in every if reading.is_label)
    return frozenset(
        place
        for row in rows
        if sum(reading.is_over_kanji for reading in row) >= _MIN_OF_LINE * len(row)
        for reading in row
        if reading.is_over_sentence or not _is_labelled(reading.first, labels)
        for place in reading.places
    )


def _is_labelled(first: Character, labels: LineIndex[Character]) -> bool:
    size = round(first.size)
    far = _SAME_LINE * (size + 1)
    beside = labels.between(
        first.across - far, first.across + far, size=size, is_horizontal=first.is_horizontal
    )
    return any(_is_on_line(label, first) for label in beside)


def _by_position(characters: Sequence[Character]) -> list[list[Character]]:
    """The characters of each line and size, in the order of their positions."""
    visible = [character for character in characters if not character.text.isspace()]
    lines: list[list[Character]] = []
    for character in sorted(visible, key=lambda one: (one.is_horizontal, round(one.size), one.across)):
        # In a column kana may be drawn a little beside the kanji.
        if lines and _is_on_line(lines[-1][0], character):
            lines[-1].append(character)
        else:
            lines.append([character])
    return [sorted(line, key=lambda one: one.along) for line in lines]


def _measure(line: Sequence[Character]) -> _Line:
    """The line with the hiragana of its texts."""
    starts = [
        place
        for place, one in enumerate(line)
        if not place or one.along - line[place - 1].along > _LINE_GAP * one.size
    ]
    hiragana: list[float] = []
    for start, end in pairwise([*starts, len(line)]):
        sizes = (one.size for one in line[start:end] if _HIRAGANA.match(one.text))
        hiragana += [max(sizes, default=0.0)] * (end - start)
    return _Line(characters=line, hiragana=hiragana)


def _is_on_line(first: Character, other: Character) -> bool:
    return (
        first.is_horizontal == other.is_horizontal
        and round(first.size) == round(other.size)
        and abs(first.across - other.across) <= _SAME_LINE * first.size
    )


def _small_rows(characters: Sequence[Character]) -> Iterator[list[list[int]]]:
    """Rows of small kana, one after the other in the text: the places of each reading's characters."""
    body = max((one.size for one in characters if _KANJI.match(one.text)), default=0.0)
    row: list[list[int]] = []
    last: Character | None = None
    for place, character in enumerate(characters):
        if character.text.isspace() and row:
            continue
        if not _KANA.match(character.text) or character.size > _MAX_SIZE * body:
            last = None
            continue
        is_same = last is not None and _is_same_row(last, character)
        if not is_same and row:
            yield row
            row = []
        if is_same and last is not None and 0 < character.along - last.along <= _READING_GAP * last.size:
            row[-1].append(place)
        else:
            row.append([place])
        last = character
    if row:
        yield row


def _is_same_row(one: Character, other: Character) -> bool:
    is_same_size = abs(one.size - other.size) <= _SAME_SIZE * one.size
    return is_same_size and abs(one.across - other.across) <= _SAME_SIZE * one.size + 0.1


def _reading(run: Sequence[int], characters: Sequence[Character], lines: LineIndex[_Line]) -> _Reading:
    small = [characters[place] for place in run]
    first, end = small[0], small[-1].along + small[-1].size
    is_label = _LABEL.match("".join(character.text for character in small)) is not None
    is_over_kanji = is_over_sentence = False
    for line in () if is_label else _lines_beneath(first, lines):
        beneath = _beneath(line.characters, first.along, end)
        kanji = [one for one in line.characters[beneath.start : beneath.stop] if _KANJI.match(one.text)]
        if not kanji:
            continue
        middle = (kanji[0].along + kanji[-1].along + kanji[-1].size) / 2
        if abs((first.along + end) / 2 - middle) <= _OFF_CENTRE * kanji[0].size:
            is_over_kanji = True
            is_over_sentence = is_over_sentence or _is_sentence(line, beneath)
    return _Reading(
        places=run,
        first=first,
        is_label=is_label,
        is_over_kanji=is_over_kanji,
        is_over_sentence=is_over_sentence,
    )


def _lines_beneath(first: Character, lines: LineIndex[_Line]) -> Iterator[_Line]:
    is_horizontal = first.is_horizontal
    for rounded in lines.sizes(first.size / _MAX_SIZE, _MAX_BODY * first.size, is_horizontal=is_horizontal):
        highest, lowest = first.across - _MIN_AWAY * (rounded - 1), first.across - _MAX_AWAY * (rounded + 1)
        for line in lines.between(lowest, highest, size=rounded, is_horizontal=is_horizontal):
            size, away = line.characters[0].size, first.across - line.characters[0].across
            if first.size <= _MAX_SIZE * size and _MIN_AWAY * size <= away <= _MAX_AWAY * size:
                yield line


def _beneath(line: Sequence[Character], start: float, end: float) -> range:
    """The places in a line of the characters that a reading stands over."""
    from_place = bisect_left(line, start, key=lambda one: one.along + (1 - _MIN_OVERLAP) * one.size)
    to_place = bisect_left(line, end, key=lambda one: one.along + _MIN_OVERLAP * one.size)
    return range(from_place, min(to_place, from_place + _MAX_BENEATH))


def _is_sentence(line: _Line, beneath: range) -> bool:
    """Whether the text around some characters of a line, up to the next gap, has hiragana."""
    least = (1 - _SAME_SIZE) * line.characters[beneath.start].size
    return any(line.hiragana[place] >= least for place in beneath)

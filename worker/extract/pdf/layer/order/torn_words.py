"""Words drawn with room between their characters, which pdfium tears apart: "P U B L I C".

The distances show what belongs together: within words they are equal, between words clearly larger. Lists
of single characters, the days of a calendar and columns of a table stay as they are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from worker.extract.pdf.layer.order.characters import Character, text_of
from worker.extract.pdf.layer.order.line_order import lines_of
from worker.extract.text.script import is_unspaced

# Letters that stand alone: three within a text, or two after the first of a line of kanji.
_TORN = re.compile(r" (?:[^\W\d_] ){3}| [\u3041-\u9fff] [\u3041-\u9fff](?:[ \r]|$)")
_RUN = re.compile(r"(?<!\S)[^\W\d_](?: [^\W\d_]){2,}")
_FORMULA = re.compile(r"[=<>+*/\\^|~\u2200-\u22ff\u00b1\u00d7\u00f7]")
_SAME_SIZE = 0.05
# Distances in sizes of a character. Closer characters are not torn, others are columns of a table.
_MIN_GAP, _MAX_GAP = 0.1, 1.5
# Distances that differ by less are equal; one between words is larger by a part, and by an amount.
_EQUAL = 0.12
_WORD_RATIO, _WORD_MORE = 1.4, 0.12
_MIN_EQUAL_SHARE = 0.5
_MIN_CHARS, _MIN_UNSPACED_CHARS = 4, 3
_MIN_LETTERS = 0.5
_VOWEL = re.compile("[aeiou]")
# Initials of the days and months, of which some have vowels.
_CALENDARS = ("jfmamjjasond", "日月火水木金土日")


def may_be_torn(text: str) -> bool:
    """Whether a text has words that may be torn apart; a cheap check for all pages."""
    if _TORN.search(text) is None:
        return False
    runs = ("".join(run[0].split()) for run in _RUN.finditer(text))
    return any(is_unspaced(run[0]) or (len(run) >= _MIN_CHARS and not _is_list(run)) for run in runs)


def join_torn_words(characters: Sequence[Character]) -> list[Character]:
    """The characters, words that were torn apart joined."""
    return [character for line in lines_of(_without_spaces(characters)) for character in _join_line(line)]


def _without_spaces(characters: Sequence[Character]) -> Iterator[Character]:
    """The characters, the spaces that are drawn moved into what separates the others."""
    before = ""
    for character in characters:
        if character.text.isspace():
            before += character.before + character.text
        elif before:
            yield replace(character, before=before + character.before)
            before = ""
        else:
            yield character


def _join_line(line: list[Character]) -> list[Character]:
    gaps = [_gap(one, other) for one, other in pairwise(line)]
    joined = list(line)
    for stretch in _stretches(line, gaps):
        start, stop = stretch.start, stretch.stop
        inner = gaps[start : stop - 1]
        usual = _usual(inner)
        if usual is None:
            continue
        limit = max(usual * _WORD_RATIO, usual + _WORD_MORE)
        if is_unspaced(line[start].text):
            start, stop = _with_neighbours(line, gaps, stretch, limit)
        elif min(gaps[start - 1 : start] + gaps[stop - 1 : stop], default=_MAX_GAP) <= limit:
            # It stands no further from what is beside it: a code, or a list.
            continue
        joined[start:stop] = _join(line[start:stop], gaps[start : stop - 1], limit)
    return joined


def _stretches(line: Sequence[Character], gaps: Sequence[float]) -> Iterator[range]:
    """Where characters that stand alone follow each other, from and to which place."""
    before, after = [_MAX_GAP, *gaps], [*gaps, _MAX_GAP]
    alone = [min(one, other) >= _MIN_GAP for one, other in zip(before, after, strict=True)]
    start = 0
    for place in range(1, len(line) + 1):
        is_end = place == len(line)
        if is_end or not (
            alone[place]
            and alone[place - 1]
            and before[place] <= _MAX_GAP
            and _is_like(line[place - 1], line[place])
        ):
            if place - start >= _MIN_UNSPACED_CHARS:
                yield range(start, place)
            start = place


def _with_neighbours(
    line: Sequence[Character], gaps: Sequence[float], places: range, limit: float
) -> tuple[int, int]:
    """The stretch with the characters beside it that only punctuation keeps from standing alone."""
    start, stop = places.start, places.stop
    if start > 0 and _MIN_GAP <= gaps[start - 1] <= limit and _is_like(line[start - 1], line[start]):
        start -= 1
    if stop < len(line) and _MIN_GAP <= gaps[stop - 1] <= limit and _is_like(line[stop], line[stop - 1]):
        stop += 1
    return start, stop


def _gap(one: Character, other: Character) -> float:
    return (other.along - one.along - one.length) / max(one.size, 1.0)


def _is_like(one: Character, other: Character) -> bool:
    is_same_size = abs(one.size - other.size) <= _SAME_SIZE * one.size
    return is_same_size and is_unspaced(one.text) == is_unspaced(other.text)


def _join(stretch: Sequence[Character], gaps: Sequence[float], limit: float) -> Sequence[Character]:
    """The characters as words, where they are more likely words than a list."""
    if not any(character.before for character in stretch[1:]):
        return stretch
    joined = [stretch[0]]
    for character, gap in zip(stretch[1:], gaps, strict=True):
        joined.append(replace(character, before=(character.before or " ") if gap > limit else ""))
    return joined if _are_words(text_of(joined).split()) else stretch


def _usual(gaps: Sequence[float]) -> float | None:
    """The distance within words: the smallest that most of the others equal."""
    ordered = sorted(gaps)
    for place, gap in enumerate(ordered):
        if bisect_right(ordered, gap + _EQUAL) - place >= _MIN_EQUAL_SHARE * len(gaps):
            return gap
    return None


def _are_words(words: Sequence[str]) -> bool:
    characters = "".join(words)
    if _FORMULA.search(characters):
        return False
    if sum(map(str.isalpha, characters)) < _MIN_LETTERS * len(characters):
        return False
    if is_unspaced(characters[0]):
        return len(characters) >= _MIN_UNSPACED_CHARS and characters not in _CALENDARS
    longest = max(words, key=len)
    has_word = len(longest) >= _MIN_CHARS and longest.strip(".,:;!?()'\"").isalpha()
    return has_word and not (len(words) == 1 and _is_list(longest))


def _is_list(characters: str) -> bool:
    """Whether they are rather a list of single ones: in the order of the alphabet, or without a vowel."""
    folded = characters.casefold()
    is_word = not folded.isascii() or _VOWEL.search(folded) is not None
    in_order = all(one < other for one, other in pairwise(folded))
    return in_order or not is_word or folded in _CALENDARS

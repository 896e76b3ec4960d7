"""The words of an OCRed page as spans of text to lay over it: where each runs, and what follows it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from worker.models.page import Page

_WIDE = frozenset("WFA")
_NARROW_EM = 0.5
# Words of a script without spaces are joined over gaps up to this, or a viewer sees a space in them.
_JOINED_GAP = 2.0
_SAME_LINE = 0.5
_CLEARLY_UPRIGHT = 1.3
_WHOLE_WORD = 0.6
"""Of the thickest word of a line: thinner ones are punctuation and dashes."""
_OUTLIERS = 0.1
_MIN_WORDS = 3
_MAX_SLOPE = 0.05
"""A page that is more skewed was straightened before it was read."""
_LATIN_COLUMN = (4, 2.0)
"""So many narrow characters in a box so much higher than wide run down the page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A word in its box, in pixels of the picture that was read.

    `runs_down` says that its characters stand one below the other; `after` is the white space that follows
    it: "" where the next word continues it, a space, or a line feed.
    """

    text: str
    left: float
    top: float
    width: float
    height: float
    runs_down: bool = False
    after: str = "\n"

    @property
    def start(self) -> float:
        """Where it begins, along its line."""
        return self.top if self.runs_down else self.left

    @property
    def end(self) -> float:
        """Where it ends, along its line."""
        return self.top + self.height if self.runs_down else self.left + self.width

    @property
    def middle(self) -> float:
        """The place along its line halfway."""
        return (self.start + self.end) / 2

    @property
    def across(self) -> float:
        """Where it begins across its line."""
        return self.left if self.runs_down else self.top

    @property
    def thickness(self) -> float:
        """Its size across its line."""
        return self.width if self.runs_down else self.height

    def followed_by(self, word: Span) -> Span:
        """Both as one span, of the thickness of this one and halfway between both."""
        both = replace(self, text=self.text + word.text, after=word.after)
        both = both.between(self.start, max(self.end, word.end))
        start = (self.across + word.across) / 2
        return both.beside(start, start + self.thickness)

    def beside(self, start: float, end: float) -> Span:
        """The span from one place to another across its line."""
        if self.runs_down:
            return replace(self, left=start, width=end - start)
        return replace(self, top=start, height=end - start)

    def between(self, start: float, end: float) -> Span:
        """The span from one place of its line to another."""
        if self.runs_down:
            return replace(self, top=start, height=end - start)
        return replace(self, left=start, width=end - start)


def width_em(character: str) -> float:
    """How wide a character is beside others: 1 or one half."""
    return 1.0 if unicodedata.east_asian_width(character) in _WIDE else _NARROW_EM


def spans_of(page: Page) -> list[list[Span]]:
    """The words of a page by line, in the order of its text."""
    words = [
        Span(text="".join(str(text).split()), left=left, top=top, width=width, height=height)
        for text, left, top, width, height, *_ in json.loads(page.words)
    ]
    words = [word for word in words if word.text and word.width > 0 and word.height > 0]
    spaces = _spaces_in_text(page.text, words) or _spaces_by_place(words)
    lines: list[list[Span]] = [[]]
    for word, after in zip(words, spaces, strict=True):
        lines[-1].append(replace(word, after=after))
        if after == "\n":
            lines.append([])
    return [_join_line(_even(_direct(line))) for line in lines if line]


def _spaces_in_text(text: str, words: Sequence[Span]) -> list[str]:
    """The white space after each word by the text of the page; none where that is not made of the words.

    The text may begin with what is not of them: that of a layer.
    """
    count = sum(len(word.text) for word in words)
    places = [place for place, character in enumerate(text) if not character.isspace()][-count:] or [0]
    text = text[places[0] :]
    if "".join(text.split()) != "".join(word.text for word in words):
        return []
    spaces, at = [], 0
    for word in words:
        for character in word.text:
            at = text.index(character, at) + 1
        space = text[at : len(text) - len(text[at:].lstrip())]
        spaces.append("\n" if "\n" in space or at == len(text) else " " if space else "")
    return spaces


def _spaces_by_place(words: Sequence[Span]) -> list[str]:
    return [*(_space_between(word, after) for word, after in pairwise(words)), "\n"][: len(words)]


def _space_between(word: Span, after: Span) -> str:
    shared = min(word.top + word.height, after.top + after.height) - max(word.top, after.top)
    gap = after.left - (word.left + word.width)
    if shared < _SAME_LINE * min(word.height, after.height) or gap < -word.height:
        return "\n"
    both_wide = width_em(word.text[-1]) == width_em(after.text[0]) == 1.0
    return "" if both_wide and gap < _JOINED_GAP * word.height else " "


def _direct(line: Sequence[Span]) -> list[Span]:
    """The line with its direction: by how its words follow each other, or by the shape of its only one."""
    across = sum(abs(_middle(b)[0] - _middle(a)[0]) for a, b in pairwise(line))
    down = sum(abs(_middle(b)[1] - _middle(a)[1]) for a, b in pairwise(line))
    runs_down = down > across if len(line) > 1 else _is_column(line[0])
    return [replace(word, runs_down=runs_down) for word in line]


def _middle(word: Span) -> tuple[float, float]:
    return word.left + word.width / 2, word.top + word.height / 2


def _is_column(word: Span) -> bool:
    if all(width_em(character) < 1 for character in word.text):
        least, ratio = _LATIN_COLUMN
        return len(word.text) >= least and word.height > ratio * word.width
    return len(word.text) > 1 and word.height > _CLEARLY_UPRIGHT * word.width


def _even(line: Sequence[Span]) -> list[Span]:
    """The line with words of one thickness on one straight line, as a viewer expects them.

    The box of a word ends where its ink does: a line of such boxes is taken for several, and a full stop for
    a line of its own.
    """
    most = max(word.thickness for word in line)
    whole = [word for word in line if word.thickness >= _WHOLE_WORD * most]
    slope = _slope(whole)
    # How far from the line through its first word each begins and ends, across; of many a few may stick out.
    starts = sorted(word.across - slope * word.middle for word in whole)
    ends = sorted(word.across + word.thickness - slope * word.middle for word in whole)
    out = int(_OUTLIERS * len(whole))
    start, end = starts[out], ends[-1 - out]
    return [word.beside(start + slope * word.middle, end + slope * word.middle) for word in line]


def _slope(words: Sequence[Span]) -> float:
    """How a line climbs: by the least squares of the middles of its words."""
    count = len(words)
    along = sum(word.middle for word in words) / count
    across = sum(word.across + word.thickness / 2 for word in words) / count
    spread = sum((word.middle - along) ** 2 for word in words)
    if count < _MIN_WORDS or not spread:
        return 0.0
    shared = sum((word.middle - along) * (word.across + word.thickness / 2 - across) for word in words)
    return max(-_MAX_SLOPE, min(_MAX_SLOPE, shared / spread))


def _join_line(line: Sequence[Span]) -> list[Span]:
    """The line with words that continue each other as one, over gaps that are none between words.

    pdfium takes single characters of a turned line for lines of their own.
    """
    joined = [line[0]]
    for word in line[1:]:
        before = joined[-1]
        gap = word.start - before.end
        if before.after == "" and word.middle > before.middle and gap <= _JOINED_GAP * word.thickness:
            joined[-1] = before.followed_by(word)
        else:
            joined.append(word)
    return [word.between(word.start, max(word.end, word.start + 1)) for word in joined]

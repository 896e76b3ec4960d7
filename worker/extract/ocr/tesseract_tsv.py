"""Tesseract's TSV parsed into the text of a page: words with boxes, confidence, and running text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from worker.extract.text.script import is_unspaced

_COLUMNS = 12
"""As in tesseract(1): level, page, block, paragraph, line and word number, left, top, width, height (pixels,
from the top left), confidence (0..100, -1 for rows that are no words), text."""
_WORD_LEVEL = "5"
_CLEAR_GAP = 0.5
"""Between kana or kanji and a Latin word there is a space only where the gap is at least this part of
the height of the characters (measured: unspaced -0.5..0.4, after a typed space 0.9)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word and its box, in pixels from the top left; confidence 0..100."""

    text: str
    left: int
    top: int
    width: int
    height: int
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The words of one line and the box around it; `opens_paragraph` is False within a paragraph."""

    words: tuple[Word, ...]
    left: int
    top: int
    width: int
    height: int
    opens_paragraph: bool

    @classmethod
    def of(cls, words: Sequence[Word], *, opens_paragraph: bool) -> Line:
        """The line of these words, of which there is one at least."""
        left, top = min(word.left for word in words), min(word.top for word in words)
        return cls(
            words=tuple(words),
            left=left,
            top=top,
            width=max(word.left + word.width for word in words) - left,
            height=max(word.top + word.height for word in words) - top,
            opens_paragraph=opens_paragraph,
        )

    @property
    def chars(self) -> int:
        """Characters in all words."""
        return sum(len(word.text) for word in self.words)

    @property
    def confidence(self) -> float:
        """Mean over the words, weighted by their characters (0..100)."""
        return sum(word.confidence * len(word.text) for word in self.words) / max(1, self.chars)

    @property
    def text(self) -> str:
        """The words with spaces where the script has them."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return "".join((self.words[0].text, *(_space_between(*pair) + pair[1].text for pair in pairs)))


@dataclass(frozen=True, kw_only=True, slots=True)
class OcrText:
    """The text that one pass read of a page.

    `text` has a line for each line and an empty line between paragraphs; `confidence` (0..100) is the
    mean over the words weighted by their characters, None where there are no words.
    """

    text: str
    confidence: float | None
    words: tuple[Word, ...]
    lines: tuple[Line, ...] = ()

    @property
    def chars(self) -> int:
        """Characters in all words."""
        return sum(len(word.text) for word in self.words)

    @classmethod
    def from_lines(cls, lines: Sequence[Line]) -> Self:
        """The text of lines that are in order from top to bottom."""
        text: list[str] = []
        for line in lines:
            if text:
                text.append("\n\n" if line.opens_paragraph else "\n")
            text.append(line.text)
        chars = sum(line.chars for line in lines)
        confidence = sum(line.confidence * line.chars for line in lines) / chars if chars else None
        return cls(
            text="".join(text),
            confidence=None if confidence is None else round(confidence, 1),
            words=tuple(word for line in lines for word in line.words),
            lines=tuple(lines),
        )

    def words_json(self) -> str:
        """The words in the form of `Page.words`: [[text, left, top, width, height, confidence], ...]."""
        rows = [
            [word.text, word.left, word.top, word.width, word.height, round(word.confidence)]
            for word in self.words
        ]
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def parse(tsv: str) -> OcrText:
    """Parse the TSV of one image; raises ValueError where it is not Tesseract's TSV."""
    lines: list[Line] = []
    last_paragraph: list[str] = []
    for _, rows in groupby(_word_rows(tsv), key=lambda row: row[0][1:5]):
        line = list(rows)
        paragraph = line[0][0][1:4]
        words = [word for _, word in line]
        lines.append(Line.of(words, opens_paragraph=paragraph != last_paragraph))
        last_paragraph = paragraph
    return OcrText.from_lines(lines)


def _word_rows(tsv: str) -> Iterator[tuple[list[str], Word]]:
    header, *lines = tsv.split("\n")
    if not header.startswith("level\t"):
        raise ValueError("the output is not TSV")
    for line in lines:
        row = line.split("\t", _COLUMNS - 1)
        if row[0] != _WORD_LEVEL or len(row) != _COLUMNS:
            continue
        left, top, width, height = (int(value) for value in row[6:10])
        confidence, text = float(row[10]), row[11].strip()
        if confidence >= 0 and text:
            word = Word(text=text, left=left, top=top, width=width, height=height, confidence=confidence)
            yield row, word


def _space_between(left: Word, right: Word) -> str:
    is_left_unspaced, is_right_unspaced = is_unspaced(left.text[-1]), is_unspaced(right.text[0])
    if is_left_unspaced and is_right_unspaced:
        return ""
    if is_left_unspaced != is_right_unspaced:
        # In vertical text the boxes are above each other and the gap is negative: no space.
        gap_px = right.left - (left.left + left.width)
        return " " if gap_px >= _CLEAR_GAP * max(left.height, right.height) else ""
    return " "

"""Line breaking by width, for text with spaces and for Japanese."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Measure = Callable[[str], float]
"""The width of a piece of text, in the unit of the page."""

_NEVER_FIRST = "、。，．）」』・ー々％"


def wrap(text: str, width: float, measure: Measure) -> list[str]:
    """Break text into lines no wider than `width`, except for hanging punctuation.

    Text with spaces is broken at them, Japanese between any two characters except before those that must
    not begin a line. A line feed starts a new line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        pieces = paragraph.split(" ") if paragraph.isascii() else list(paragraph)
        glue = " " if paragraph.isascii() else ""
        lines.extend(_fill_lines(pieces, glue, width, measure))
    return lines


def _fill_lines(pieces: list[str], glue: str, width: float, measure: Measure) -> Iterator[str]:
    line = pieces[0]
    for piece in pieces[1:]:
        longer = f"{line}{glue}{piece}"
        # Punctuation that may not begin a line hangs into the margin.
        if measure(longer) <= width or piece in _NEVER_FIRST:
            line = longer
        else:
            yield line
            line = piece
    yield line

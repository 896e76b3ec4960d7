"""What several commands print alike: JSON lines, and text from files that may hold anything."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PIPE_WIDTH = 160
# What a line may end with: a word of narrow or full-width letters and digits, or one wide character; brackets
# and marks stay with what they belong to.
_WIDE = (
    r"\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
    r"\U0001f300-\U0003fffd"
)
_FULL_WIDTH_WORD = "０-９Ａ-Ｚａ-ｚ"
_OPENING = "（「『【〔〈《［｛"
_CLOSING = "、。，．・：；？！）」』】〕〉》］｝ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…"
_PIECE = re.compile(rf"\s+|[{_OPENING}]*(?:[^\s{_WIDE}]+|[{_FULL_WIDTH_WORD}]+|\S)[{_CLOSING}]*")


def print_json(value: object) -> None:
    """Print one JSON value on a line of its own, flushed; what the terminal cannot show is escaped."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, ensure_ascii=not is_utf8) + "\n")
    sys.stdout.flush()


def sanitise(text: str) -> str:
    """The text without what could steer the terminal: control and direction characters become U+FFFD."""
    return _CONTROL.sub("\ufffd", text)


def duration_text(seconds: float) -> str:
    """A time as people say it: 5.2 s, 1 min 5 s, 2 h 3 min."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def snippet_parts(snippet: str) -> list[tuple[str, bool]]:
    """The parts of a snippet, sanitised, and whether each is a match (between [[ and ]])."""
    # Most commands print no snippet, and the analysis takes half of what `--help` costs.
    from worker.index.analysis.snippets import marked_parts

    return [(sanitise(part), is_match) for part, is_match in marked_parts(snippet)]


def fold(parts: Sequence[tuple[str, bool]], width: int) -> list[list[tuple[str, bool]]]:
    """The parts of a snippet in lines of at most so many cells: Japanese is broken anywhere, no word is.

    Only a word that is longer than a line goes on in the next one.
    """
    from rich.cells import cell_len

    text, width = "".join(part for part, _ in parts), max(1, width)
    ends, used, start = list[int](), 0, 0
    for piece in _PIECE.finditer(text):
        cells = cell_len(piece[0])
        if used and used + cells > width and not piece[0].isspace():
            ends.append(piece.start())
            used, start = 0, piece.start()
        used += cells
        while used > width and not piece[0].isspace():
            start = _end_of_line(text, start, width)
            ends.append(start)
            used = cell_len(text[start : piece.end()])
    return [_cut(parts, start, end) for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _end_of_line(text: str, start: int, width: int) -> int:
    """Where a line that begins at `start` is full; at least one character is in it."""
    from rich.cells import cell_len

    end, used = start + 1, cell_len(text[start])
    while end < len(text) and used + cell_len(text[end]) <= width:
        used += cell_len(text[end])
        end += 1
    return end


def _cut(parts: Sequence[tuple[str, bool]], start: int, end: int) -> list[tuple[str, bool]]:
    """The parts from one place of their text to another, without the blanks at the end of the line."""
    found, at = list[tuple[str, bool]](), 0
    for part, is_match in parts:
        piece = part[max(0, start - at) : max(0, end - at)]
        at += len(part)
        if piece:
            found.append((piece, is_match))
    if found:
        found[-1] = (found[-1][0].rstrip(), found[-1][1])
    return found


def make_console(*, stderr: bool = False, width: int = _PIPE_WIDTH) -> Console:
    """A console; where the output is a file or a pipe, `width` leaves room for a table."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=width)


def make_table(*columns: str) -> Table:
    """A table of text columns that fold long lines."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table

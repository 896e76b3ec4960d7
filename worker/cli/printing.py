"""What several commands print alike: JSON lines, and text from files that may hold anything."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from worker.index.analysis.snippets import marked_parts

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PIPE_WIDTH = 160


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
    return [(sanitise(part), is_match) for part, is_match in marked_parts(snippet)]


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

"""What a run shows on GitHub: annotations in the log, and Markdown on the page of the run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.suite.place import say


def annotate(level: str, message: str, *, file: str = "", line: int = 0) -> None:
    """Mark a place (or the run) with an `error`, `warning` or `notice`; elsewhere nothing happens."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        place = ",".join([*([f"file={_escape(file)}"] if file else []), *([f"line={line}"] if line else [])])
        say(f"::{level}{f' {place}' if place else ''}::{_escape(message)}")


def summarise(*paragraphs: str) -> None:
    """Append to the run's page; elsewhere nothing happens."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write("\n\n".join(paragraphs) + "\n\n")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a bar in a cell would begin another."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

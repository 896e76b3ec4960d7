"""What a run prints: its lines, and each promise that did not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Say = Callable[[str], None]


def silent(line: str) -> None:
    """Print nothing before the end."""


@dataclass(kw_only=True, slots=True)
class Report:
    """The result of one run, good when nothing is `broken`; `say` gets each line once it is known."""

    title: str
    say: Say = silent
    lines: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.say(self.title)

    def note(self, *lines: str) -> None:
        """Add lines."""
        for line in lines:
            self.lines.append(line)
            self.say(f"  {line}")

    def check(self, holds: bool, promise: str, details: Iterable[str] = ()) -> None:
        """Note a promise, whether it held, and where it did not the details."""
        self.note(f"{'ok    ' if holds else 'BROKEN'} {promise}", *details)
        if not holds:
            self.broken.append(promise)

    @property
    def verdict(self) -> str:
        """The last line."""
        return f"=> {len(self.broken)} promises broken" if self.broken else "=> all promises held"

    def __str__(self) -> str:
        return "\n".join((self.title, *(f"  {line}" for line in (*self.lines, self.verdict))))

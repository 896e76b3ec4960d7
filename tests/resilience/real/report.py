"""What a run prints: its lines, and each promise that did not hold."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Report:
    """The result of one run; it is good when nothing is in `broken`."""

    title: str
    lines: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def check(self, holds: bool, promise: str) -> None:
        """Note a promise, and whether it held."""
        self.lines.append(f"{'ok    ' if holds else 'BROKEN'} {promise}")
        if not holds:
            self.broken.append(promise)

    def __str__(self) -> str:
        verdict = f"{len(self.broken)} promises broken" if self.broken else "all promises held"
        return "\n".join((self.title, *(f"  {line}" for line in self.lines), f"  => {verdict}"))

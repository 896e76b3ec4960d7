"""What the work on one document took: seconds by stage, calls by service, pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Filled by the thread that works on the document; calls that other threads make are not in it."""

    seconds: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def rounded_seconds(self) -> dict[str, float]:
        """Seconds by stage, to the millisecond."""
        return {stage: round(seconds, 3) for stage, seconds in self.seconds.items()}


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


def current() -> Tally:
    """The tally of this thread; an empty one where none is open."""
    return _current.get() or Tally()


@contextmanager
def open_tally() -> Iterator[Tally]:
    """Count what this thread does inside."""
    tally = Tally()
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)


def add_seconds(stage: str, seconds: float) -> None:
    """Add to a stage of the document this thread works on; nothing happens where it works on none."""
    if (tally := _current.get()) is not None:
        tally.seconds[stage] += seconds  # type: ignore[assignment]  # Counter's values are int to mypy


def count_call(service: str) -> None:
    """Count a request to a service."""
    if (tally := _current.get()) is not None:
        tally.calls[service] += 1


def count(name: str, number: int = 1) -> None:
    """Count something else, by its name."""
    if (tally := _current.get()) is not None:
        tally.counts[name] += number

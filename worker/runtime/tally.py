"""What the work on one document took: seconds by stage, calls by service and operation, tokens, bytes.

Work for a document that another thread does (uploads) is counted where it runs in a copy of the context of
the document's own thread.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_OCR_CPU = "ocr_cpu"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Filled by all threads that work on the document; renewals of its lease are not in it."""

    seconds: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    operations: Counter[tuple[str, str]] = field(default_factory=Counter)
    stored_bytes: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def rounded_seconds(self) -> dict[str, float]:
        """Seconds by stage, to the millisecond."""
        # Read in one step: an upload that nobody waits for may still add to them.
        seconds = self.seconds.copy().items()
        return {stage: round(took_s, 3) for stage, took_s in seconds if stage != _OCR_CPU}

    @property
    def ocr_cpu_s(self) -> float:
        """CPU seconds of OCR; `ocr` among the stages is its wall time."""
        return round(float(self.seconds[_OCR_CPU]), 3)

    def operations_by_service(self) -> dict[str, dict[str, int]]:
        """Calls by service, then by operation."""
        found: dict[str, dict[str, int]] = {}
        for (service, operation), number in sorted(self.operations.copy().items()):
            found.setdefault(service, {})[operation] = number
        return found


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)
_renewing: ContextVar[bool] = ContextVar("renewing", default=False)


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


@contextmanager
def renewals() -> Iterator[None]:
    """Calls inside keep leases, and are for no document: their number follows from the time it takes."""
    token = _renewing.set(True)
    try:
        yield
    finally:
        _renewing.reset(token)


def is_renewing() -> bool:
    """Whether this thread renews leases."""
    return _renewing.get()


def add_seconds(stage: str, seconds: float) -> None:
    """Add to a stage of the document this thread works on; nothing happens where it works on none."""
    if (tally := _current.get()) is not None:
        with tally.lock:
            tally.seconds[stage] += seconds  # type: ignore[assignment]  # Counter's values are int to mypy


def add_ocr(*, wall_s: float, cpu_s: float) -> None:
    """Add the OCR of one page."""
    add_seconds("ocr", wall_s)
    add_seconds(_OCR_CPU, cpu_s)


def count_call(service: str, operation: str = "") -> None:
    """Count a request to a service."""
    if (tally := _current.get()) is not None and not _renewing.get():
        with tally.lock:
            tally.calls[service] += 1
            if operation:
                tally.operations[service, operation] += 1


def add_stored(kind: str, size_bytes: int) -> None:
    """Add what was written of a document: `kind` is where to."""
    if (tally := _current.get()) is not None:
        with tally.lock:
            tally.stored_bytes[kind] += size_bytes


def set_stored(kind: str, size_bytes: int) -> None:
    """Set the size of what each write replaces: a row, an entry of the index."""
    if (tally := _current.get()) is not None:
        with tally.lock:
            tally.stored_bytes[kind] = size_bytes


def count(name: str, number: int = 1) -> None:
    """Count something else, by its name."""
    if (tally := _current.get()) is not None:
        with tally.lock:
            tally.counts[name] += number

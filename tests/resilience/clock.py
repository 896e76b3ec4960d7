"""Virtual time for one thread: it passes when somebody waits, and never by itself."""

from __future__ import annotations

from typing import Protocol


class Signal:
    """What a waiting thread may be woken by before its time is over."""

    __slots__ = ("waiters",)

    def __init__(self) -> None:
        self.waiters: list[tuple[object, int]] = []


class Clock(Protocol):
    """Seconds that never go back, and waits that cost no real time."""

    @property
    def now(self) -> float: ...

    def wait(self, signal: Signal | None, timeout_s: float | None) -> bool:
        """Wait until the signal (True) or for so long (False)."""
        ...

    def notify(self, signal: Signal) -> None:
        """Wake those that wait for the signal."""
        ...


class ManualClock:
    """The clock of a test without threads."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def wait(self, signal: Signal | None, timeout_s: float | None) -> bool:  # noqa: ARG002
        assert timeout_s is not None, "nobody is there to end this wait"
        self.now += timeout_s
        return False

    def notify(self, signal: Signal) -> None:
        """Nobody waits where there is one thread."""

"""Ctrl-C and SIGTERM for commands that have something to finish."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class Interruption:
    """A context manager: the first signal only asks for an end, the second ends at once (KeyboardInterrupt).

    `status` is the exit status that says so, 0 while nobody asked.
    """

    def __init__(self) -> None:
        self.status = 0
        self._before: dict[int, object] = {}

    @property
    def requested(self) -> bool:
        """Whether an end was asked for."""
        return bool(self.status)

    def request(self, number: int) -> None:
        """Ask for an end, as if that signal had come."""
        # Only a number is set: a handler may interrupt any line, also one that holds a lock.
        self.status = self.status or 128 + number

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.request(number)

"""Ctrl-C and SIGTERM for commands that have something to finish."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# How late a stop is heard at most; a signal handler may not set an Event, whose lock it may interrupt.
_POLL_S = 0.1


class Interruption:
    """Whether the user asked the command to stop; `status` is the exit status that says so, 0 until then."""

    def __init__(self) -> None:
        self.status = 0

    @property
    def is_requested(self) -> bool:
        """Whether a stop was requested."""
        return bool(self.status)

    def request(self, number: int) -> None:
        """Request a stop, as if this signal had arrived."""
        # Only a number is set: a handler may interrupt any line, also one that holds a lock.
        self.status = self.status or 128 + number

    def wait(self, seconds: float) -> bool:
        """Wait for some seconds, or for a stop; True means stop."""
        pause, until = threading.Event(), time.monotonic() + seconds
        while not self.is_requested and (left_s := until - time.monotonic()) > 0:
            pause.wait(min(_POLL_S, left_s))
        return self.is_requested

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Request a stop at the first signal; raise KeyboardInterrupt at the second."""
        if self.is_requested:
            raise KeyboardInterrupt
        self.request(number)


@contextmanager
def handle_signals() -> Iterator[Interruption]:
    """Route SIGINT and SIGTERM to an Interruption, and restore the former handlers afterwards."""
    interruption = Interruption()
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = {number: signal.signal(number, interruption.on_signal) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

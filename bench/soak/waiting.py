"""Waits with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_TICK_S = 0.1
_tick = threading.Event()


def pause(seconds: float) -> None:
    """Let the worker work."""
    _tick.wait(seconds)


def wait_until(is_done: Callable[[], bool], *, what: str, timeout_s: float) -> None:
    """Wait for something that other processes do. Raises TimeoutError that says for what."""
    deadline = time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:.0f} s: {what}")
        pause(_TICK_S)

"""SharedPause: the back-off of many tasks for one service, which all of them keep."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from worker.errors import ThrottledError

_FIRST_PAUSE_S = 1.0
_MOST_DOUBLINGS = 10
# Keeps the workers of a fleet from trying again at the same moment.
_JITTER = 0.5


class SharedPause:
    """Grows with each failure after the last pause, and ends with a success. The caller holds its lock."""

    def __init__(self, *, clock: Callable[[], float], random: Random) -> None:
        self._clock = clock
        self._random = random
        self._failures = 0
        self._until = 0.0

    @property
    def left_s(self) -> float:
        """How long it lasts, 0 when nothing has to wait."""
        return max(0.0, self._until - self._clock())

    def begin(self, error: BaseException | None, *, longest_s: float) -> None:
        """Pause after a failure, at least as long as the service asked for, at most `longest_s`."""
        # Tasks that met the same outage at the same time count as one.
        if self.left_s:
            return
        growing_s = _FIRST_PAUSE_S * 2.0 ** min(self._failures, _MOST_DOUBLINGS)
        growing_s *= 1 + _JITTER * self._random.random()
        asked_s = (error.retry_after_s or 0.0) if isinstance(error, ThrottledError) else 0.0
        self._until = self._clock() + min(longest_s, max(growing_s, asked_s))
        self._failures += 1

    def shorten(self, longest_s: float) -> None:
        """Let the pause end within `longest_s`."""
        self._until = min(self._until, self._clock() + longest_s)

    def end(self) -> None:
        """A call succeeded: the next failure pauses shortly again."""
        self._failures = 0

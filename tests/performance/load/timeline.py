"""The course of a run, second by second, and the moment at which it breaks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_WINDOW_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One moment: seconds since the start, users, files sent and accounted for, and what waits."""

    at_s: float
    users: int
    sent: int
    done: int
    backlog: int
    oldest_s: float
    depth: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """The first moment at which the system does not carry its load, and why."""

    sample: Sample
    rate: float
    reason: str


class Timeline:
    """Takes samples while users send; `bound_s` is the delay above which a file is late."""

    def __init__(self, *, bound_s: float) -> None:
        self._bound_s = bound_s
        self._window: deque[Sample] = deque()
        self._failure: str | None = None
        self.samples: list[Sample] = []
        self.first_break: Break | None = None

    def fail(self, reason: str) -> None:
        """A request failed: the next sample is the break, unless there was one."""
        self._failure = self._failure or reason

    def take(self, sample: Sample) -> None:
        """Add a sample."""
        self.samples.append(sample)
        self._window.append(sample)
        while sample.at_s - self._window[0].at_s > _WINDOW_S:
            self._window.popleft()
        reason = self._failure
        if reason is None and sample.oldest_s > self._bound_s:
            reason = f"a file waits for more than {self._bound_s:g} s"
        if reason is not None and self.first_break is None:
            self.first_break = Break(sample=sample, rate=self.rate_per_s, reason=reason)

    @property
    def rate_per_s(self) -> float:
        """Files accounted for a second, over the last ten seconds."""
        first, last = self._window[0], self._window[-1]
        seconds = last.at_s - first.at_s
        return (last.done - first.done) / seconds if seconds > 0 else 0.0

    @property
    def highest(self) -> Sample | None:
        """The sample with the longest backlog."""
        return max(self.samples, key=lambda sample: sample.backlog, default=None)

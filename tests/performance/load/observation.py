"""One run as it is observed: files followed to their end, a sample a second, and the backlog at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Event, Thread

from tests.performance.load.accounts import Accounts
from tests.performance.load.options import Options
from tests.performance.load.probe import Arrival, Probe
from tests.performance.load.session import Session
from tests.performance.load.timeline import Sample, Timeline
from tests.performance.load.verdict import Drain, drain_limit_s
from worker.errors import WorkerError

_SAMPLE_S = 1.0
_LINE_EVERY = 10
_FAULT_PAUSE_S = 1.0
_POLL_S = 0.1
_JOIN_S = 30.0


class Observation:
    """Follows a run from `start` until `finish` has drained it; its threads are greenlets under Locust.

    `on_arrival` and `on_fault` hear of each file that is accounted for, and of each failure of the probe.
    """

    def __init__(
        self,
        session: Session,
        options: Options,
        *,
        users: Callable[[], int],
        on_arrival: Callable[[Arrival], None],
        on_fault: Callable[[str, WorkerError], None],
    ) -> None:
        self._options = options
        self._users = users
        self._stop = Event()
        self._began_at = time.monotonic()
        self.accounts = Accounts()
        self.timeline = Timeline(bound_s=options.bound_s)
        self.depth: int | None = None
        self.drain: Drain | None = None
        self.is_interrupted = False
        self._on_fault = on_fault
        self._probe = Probe(
            self.accounts,
            read_rows=session.rows,
            is_found=session.is_found,
            clock=time.monotonic,
            on_arrival=on_arrival,
            on_fault=self._fault,
        )
        self._threads = [Thread(target=run, daemon=True) for run in (self._follow, self._sample)]

    def start(self) -> None:
        """Begin to follow files."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """No user sends any more: wait until every file is accounted for, or nothing ends any longer."""
        self._take_sample()
        began_at, backlog = time.monotonic(), self.accounts.backlog
        sending_s = max(began_at - self._began_at, 1e-9)
        rate = self.accounts.done / sending_s
        limit_s = drain_limit_s(backlog, rate, bound_s=self._options.bound_s)
        if backlog:
            say(f"{backlog} files are still to be done, at {rate:.2f} a second")
        is_drained = self._wait_for_backlog()
        if self.is_interrupted:
            return
        seconds = time.monotonic() - began_at if is_drained else None
        self.drain = Drain(
            sending_s=sending_s, backlog=backlog, rate_per_s=rate, limit_s=limit_s, seconds=seconds
        )
        self.stop()

    def stop(self) -> None:
        """End the following, drained or not."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _wait_for_backlog(self) -> bool:
        done, progress_at = self.accounts.done, time.monotonic()
        while self.accounts.backlog:
            if self.is_interrupted or time.monotonic() - progress_at > self._options.stall_s:
                return False
            self._stop.wait(_POLL_S)
            if self.accounts.done != done:
                done, progress_at = self.accounts.done, time.monotonic()
        return True

    def _follow(self) -> None:
        while not self._stop.wait(self._probe.interval_s):
            self._probe.step()

    def _fault(self, what: str, error: WorkerError) -> None:
        self._on_fault(what, error)
        self._stop.wait(_FAULT_PAUSE_S)

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLE_S):
            sample = self._take_sample()
            if len(self.timeline.samples) % _LINE_EVERY == 0:
                say(progress(sample, self.timeline.rate_per_s))

    def _take_sample(self) -> Sample:
        now, oldest_sent_at = time.monotonic(), self.accounts.oldest_sent_at
        sample = Sample(
            at_s=now - self._began_at,
            users=self._users(),
            sent=self.accounts.sent,
            done=self.accounts.done,
            backlog=self.accounts.backlog,
            oldest_s=now - oldest_sent_at if oldest_sent_at is not None else 0.0,
            depth=self.depth,
        )
        self.timeline.take(sample)
        return sample


def progress(sample: Sample, rate: float) -> str:
    """A line about a moment of the run."""
    minutes, seconds = divmod(int(sample.at_s), 60)
    return (
        f"{minutes}:{seconds:02d} {sample.users} users: {sample.sent} sent, {sample.done} done "
        f"({rate:.1f}/s), {sample.backlog} waiting, the oldest for {sample.oldest_s:.1f} s"
    )


def say(line: str) -> None:
    """Print a line of progress, on standard error."""
    sys.stderr.write(f"load: {line}\n")
    sys.stderr.flush()

"""WorkClock: how long a process has worked or hung, and not how long it has waited for a processor.

Wall time says nothing of a process beside others that take the CPU: it may have stood still, ready to run.
This clock goes by the CPU time that the process and its children got, and by the wall time in which none of
them wanted any. So a limit on it ends what spins and what hangs, on a busy machine as on an idle one.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from worker.runtime.machine.process_use import ProcessUse, use_of

# The reader of the clock may have been stopped itself; of a longer time nothing is known.
_MAX_STEP_S = 2.0
# A process that hangs may still wake up now and then.
_IDLE_SHARE = 0.05
_WALL_SHARE = 1 / 50
"""What wall time counts for at least: where the kernel hides processes, or one hangs in it."""
_TICK_S = 0.2
_POLL_S = 1.0


class WorkClock:
    """The clock of one process, from its start or from `now` on."""

    def __init__(self, now: float) -> None:
        self._at = now
        self._cpu_s = 0.0

    def advance(self, use: ProcessUse | None, now: float) -> float:
        """The seconds since the last call that count; `use` is None where it is not known."""
        elapsed_s = min(max(0.0, now - self._at), _MAX_STEP_S)
        self._at = now
        if use is None:
            return elapsed_s * _WALL_SHARE
        gained_s = max(0.0, use.cpu_s - self._cpu_s)
        self._cpu_s = use.cpu_s
        is_idle = not use.is_runnable and gained_s < _IDLE_SHARE * elapsed_s
        return elapsed_s if is_idle else max(gained_s, elapsed_s * _WALL_SHARE)


class Net:
    """Says when a process has worked or hung for longer than `limit_s`; checks it once a second at most."""

    def __init__(self, pid: int, *, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pid = pid
        self.limit_s = limit_s
        self._now = clock
        self._clock = WorkClock(clock())
        self._poll_s = min(_POLL_S, limit_s / 2)
        self._poll_at = clock() + self._poll_s
        self._worked_s = 0.0

    def follow(self, pid: int) -> None:
        """Go on with a process that has just begun after the last one ended; the limit is for both."""
        self._pid = pid
        self._clock = WorkClock(self._now())

    def is_over(self) -> bool:
        """Whether the process must be ended."""
        now = self._now()
        if now >= self._poll_at:
            self._poll_at = now + self._poll_s
            self._worked_s += self._clock.advance(use_of(self._pid), now)
        return self._worked_s > self.limit_s


def wait_for(process: subprocess.Popen[bytes], *, limit_s: float, net: Net | None = None) -> int:
    """The exit status of a process that has just begun; `net` where the limit is not for it alone.

    Raises subprocess.TimeoutExpired, with the process killed, where it works or hangs for longer.
    """
    try:
        return wait_under(process, net or Net(process.pid, limit_s=limit_s))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def wait_under(process: subprocess.Popen[bytes], net: Net | None) -> int:
    """The exit status of a process under a net; without one it waits as long as it takes.

    Raises subprocess.TimeoutExpired, with the process still there, when the net is over.
    """
    while True:
        try:
            return process.wait(_TICK_S)
        except subprocess.TimeoutExpired:
            if net is not None and net.is_over():
                raise subprocess.TimeoutExpired(process.args, net.limit_s) from None

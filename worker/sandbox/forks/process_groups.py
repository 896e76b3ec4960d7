"""The processes below the fork server: their groups, their ends, what left its group."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

_CHILDREN = Path("/proc/thread-self/children")


def own_children() -> list[int]:
    """The process ids of this thread's children."""
    # Not every kernel has this file; there what leaves its group lives on until it ends by itself.
    with suppress(OSError), _CHILDREN.open("rb", buffering=0) as file:
        return list(map(int, file.readall().split()))
    return []


def kill_and_reap(pid: int) -> tuple[int, float]:
    """Kill a group and wait until all of it is dead; its leader's exit status, the CPU seconds of all."""
    kill_group(pid)
    # What the leader had started is our child now, because this process is a subreaper.
    code, cpu_s = 0, 0.0
    while True:
        try:
            dead, status, used = os.wait4(-pid, 0)
        except ChildProcessError:
            return code, cpu_s
        cpu_s += used.ru_utime + used.ru_stime
        if dead == pid:
            code = os.waitstatus_to_exitcode(status)


def kill_stray(pid: int) -> None:
    """Kill and reap a child that is in no group of its own."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def kill_group(pid: int) -> None:
    """Kill the processes of a group, if there are any."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def group_of(pid: int) -> int:
    """The group of a process; the process itself where it is gone."""
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return pid

"""What a process and all that it started have used of the CPU, and whether any of them wants to run now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.runtime.machine.cgroups import PROC

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Of /proc/<pid>/stat, behind the name, which may hold anything: state; utime, stime, cutime, cstime.
_STATE, _CPU = 0, slice(11, 15)
# Running or ready to; waiting for a disk, which ends by itself.
_WANTS_TO_RUN = frozenset("RD")
# A fork bomb is not counted to its end.
_MAX_PROCESSES = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessUse:
    """CPU seconds so far, those of ended children included; and whether a thread is ready to run."""

    cpu_s: float
    is_runnable: bool


def use_of(pid: int, *, proc: Path = PROC) -> ProcessUse | None:
    """The use of a process and its descendants; None where it is gone, or /proc does not show it."""
    cpu_s, is_runnable = 0.0, False
    waiting, seen = [pid], 0
    while waiting and seen < _MAX_PROCESSES:
        folder = proc / str(waiting.pop())
        seen += 1
        fields = _stat(folder)
        if fields is None:
            if seen == 1:
                return None
            continue  # it ended since its parent listed it; the parent has its time by now
        cpu_s += sum(int(ticks) for ticks in fields[_CPU]) / _TICKS_PER_S
        for thread in _threads(folder):
            state = _stat(thread)
            is_runnable = is_runnable or (state is not None and state[_STATE] in _WANTS_TO_RUN)
            waiting += _children(thread)
    return ProcessUse(cpu_s=cpu_s, is_runnable=is_runnable)


def _stat(folder: Path) -> list[str] | None:
    try:
        text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields if len(fields) >= _CPU.stop else None


def _threads(folder: Path) -> Iterator[Path]:
    try:
        yield from (folder / "task").iterdir()
    except OSError:
        return


def _children(thread: Path) -> list[int]:
    try:
        return [int(pid) for pid in (thread / "children").read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []

"""What the parent and its fork server hold: compared before and after a run, the growth is a leak."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

_MAX_GROWTH_MB = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """Counts while nothing is read; memory is the parent's own, in MB."""

    fork_server: int
    processes: tuple[str, ...]
    files: tuple[str, ...]
    descriptors: int
    fork_server_descriptors: int
    threads: int
    memory_mb: float

    def leaks(self, before: Resources) -> list[str]:
        """What is there now and was not before, as text."""
        leaks: list[str] = []
        if self.fork_server != before.fork_server:
            leaks.append("the fork server died and was replaced")
        leaks += [f"a process is left: {name}" for name in self.processes]
        leaks += [f"a file is left: {name}" for name in self.files]
        for what in ("descriptors", "fork_server_descriptors", "threads"):
            had, has = getattr(before, what), getattr(self, what)
            if has > had:
                leaks.append(f"{what} grew from {had} to {has}")
        if self.memory_mb - before.memory_mb > _MAX_GROWTH_MB:
            leaks.append(f"the parent grew from {before.memory_mb:.0f} to {self.memory_mb:.0f} MB")
        return leaks


def measure_resources(work_root: Path) -> Resources:
    """Measure this process and the fork server that works in the folder."""
    own = psutil.Process()
    (fork_server,) = [child for child in own.children() if str(work_root) in child.cmdline()]
    return Resources(
        fork_server=fork_server.pid,
        processes=tuple(f"{child.pid} {child.name()}" for child in fork_server.children(recursive=True)),
        files=tuple(sorted(path.name for path in work_root.iterdir())),
        descriptors=own.num_fds(),
        fork_server_descriptors=fork_server.num_fds(),
        threads=threading.active_count(),
        memory_mb=own.memory_info().rss / 1e6,
    )

"""Processes as /proc shows them to every user: the worker hides its memory, but not how much it has.

What is read of each is `status`, which no process can close: anonymous memory, that is what a process itself
holds (pages of programs and libraries are shared, and the kernel drops them as it likes).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_FORK_SERVER = b"worker.sandbox.fork_server"
_KB = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessEntry:
    """One process; `state` is the kernel's letter, Z for one that nobody has waited for."""

    pid: int
    parent: int
    state: str
    name: str
    started: int
    """In clock ticks since boot: a number that is given again belongs to another process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessSize:
    """What a process holds."""

    memory_bytes: int
    threads: int


class ProcessTable:
    """All processes at one moment."""

    def __init__(self, entries: Iterable[ProcessEntry]) -> None:
        self._by_pid = {entry.pid: entry for entry in entries}
        self._children: dict[int, list[ProcessEntry]] = {}
        for entry in self._by_pid.values():
            self._children.setdefault(entry.parent, []).append(entry)

    @classmethod
    def read(cls) -> ProcessTable:
        """Those that run now."""
        found = (_entry(path) for path in _PROC.iterdir() if path.name.isdecimal())
        return cls(entry for entry in found if entry is not None)

    def entries(self) -> list[ProcessEntry]:
        """All of them."""
        return list(self._by_pid.values())

    def children(self, pid: int) -> list[ProcessEntry]:
        """Those that a process is the parent of."""
        return self._children.get(pid, [])

    def descendants(self, pid: int) -> list[ProcessEntry]:
        """Its children, theirs, and so on."""
        found, left = [], list(self.children(pid))
        while left:
            entry = left.pop()
            found.append(entry)
            left += self.children(entry.pid)
        return found

    def has(self, entry: ProcessEntry) -> bool:
        """Whether that very process is still there."""
        known = self._by_pid.get(entry.pid)
        return known is not None and known.started == entry.started

    def fork_server(self, worker: int) -> ProcessEntry | None:
        """The process that a worker forks its readers from."""
        return next((child for child in self.children(worker) if _is_fork_server(child.pid)), None)


def size_of(pid: int) -> ProcessSize | None:
    """What a process holds; None where it has ended."""
    values = _status(pid)
    if "RssAnon" not in values:
        return None  # a process that has ended keeps its entry, without its memory
    memory_kb = sum(int(values.get(name, "0 kB").split()[0]) for name in ("RssAnon", "RssShmem", "VmSwap"))
    return ProcessSize(memory_bytes=memory_kb * _KB, threads=int(values["Threads"]))


def open_files(pid: int) -> int | None:
    """Open files of a process; None where this user may not see them, or it has ended."""
    with suppress(OSError):
        return len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208 - only their number
    return None


def network_namespace(pid: int) -> str | None:
    """The name of a process's network namespace; None where this user may not see it, or it has ended."""
    with suppress(OSError):
        return str((_PROC / str(pid) / "ns" / "net").readlink())
    return None


def in_namespace(name: str | None, *, table: ProcessTable) -> ProcessTable:
    """The processes of a table that are in a network namespace now, as far as this user may see."""
    now = ProcessTable.read()
    return ProcessTable(
        entry
        for entry in table.entries()
        if name is not None and now.has(entry) and network_namespace(entry.pid) == name
    )


def _entry(path: Path) -> ProcessEntry | None:
    try:
        text = (path / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name is in brackets, and may itself have brackets and spaces.
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return ProcessEntry(
        pid=int(path.name), parent=int(fields[1]), state=fields[0], name=name, started=int(fields[19])
    )


def _status(pid: int) -> Mapping[str, str]:
    try:
        text = (_PROC / str(pid) / "status").read_text(errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def _is_fork_server(pid: int) -> bool:
    with suppress(OSError):
        return _FORK_SERVER in (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    return False

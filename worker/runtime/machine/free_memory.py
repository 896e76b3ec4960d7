"""How much memory this process can still get: from the machine, and from the cgroups it is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from worker.runtime.machine.cgroups import CGROUPS, PROC, own_cgroups

_KIB = 1024
# What the kernel takes back when a cgroup reaches its limit; counted in `memory.current`.
_RECLAIMABLE = ("active_file", "inactive_file", "slab_reclaimable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Bytes of memory: all there is, and what is available."""

    total_bytes: int
    available_bytes: int


def read_memory(*, proc: Path = PROC, cgroups: Path = CGROUPS) -> Memory | None:
    """The scarcest of the machine's memory and that of each cgroup (version 2) above this process.

    None where the kernel does not report it.
    """
    found = [memory for memory in (_of_machine(proc), *_of_cgroups(proc, cgroups)) if memory is not None]
    return min(found, key=lambda memory: memory.available_bytes, default=None)


def _of_machine(proc: Path) -> Memory | None:
    try:
        lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
        values = {
            name: int(rest.split()[0]) * _KIB for name, _, rest in (line.partition(":") for line in lines)
        }
        return Memory(total_bytes=values["MemTotal"], available_bytes=values["MemAvailable"])
    except (OSError, ValueError, LookupError):
        return None


def _of_cgroups(proc: Path, cgroups: Path) -> list[Memory | None]:
    return [_of_cgroup(folder) for folder in own_cgroups(proc=proc, cgroups=cgroups)]


def _of_cgroup(folder: Path) -> Memory | None:
    try:
        limit = int((folder / "memory.max").read_text(encoding="ascii"))  # or the word max
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        stat = dict(
            line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        )
        reclaimable = sum(int(stat.get(name, 0)) for name in _RECLAIMABLE)
    except (OSError, ValueError):
        return None
    return Memory(total_bytes=limit, available_bytes=max(0, min(limit, limit - used + reclaimable)))

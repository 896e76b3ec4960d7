"""How much memory this process can still get: from the machine, and from the cgroups it is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_KIB = 1024
# What the kernel takes back when a cgroup reaches its limit; counted in `memory.current`.
_RECLAIMABLE = ("active_file", "inactive_file", "slab_reclaimable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Bytes of memory: all there is, and what is available."""

    total_bytes: int
    available_bytes: int


def read_memory(*, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> Memory | None:
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
    try:
        lines = (proc / "self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    path = next((line.removeprefix("0::").strip("/") for line in lines if line.startswith("0::")), "")
    # In a container with a namespace of its own the path is `/`, and the limit is in the root itself.
    folder = cgroups / path
    return [_of_cgroup(at) for at in (folder, *folder.parents) if at.is_relative_to(cgroups)]


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

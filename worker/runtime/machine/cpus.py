"""How many CPUs this process may use: its cores, or what the CPU quota of its control groups is worth."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from worker.runtime.machine.cgroups import CGROUPS, PROC, own_cgroups, own_cgroups_v1

_LEAST = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpus:
    """The cores this process may run on, and the smallest CPU quota of the cgroups it is in (None: none)."""

    cores: int
    quota: float | None = None
    cgroup: str = ""

    @property
    def usable(self) -> int:
        """CPUs worth a thread each: a part of one is, for its share would be left unused otherwise."""
        if self.quota is None:
            return self.cores
        return max(_LEAST, min(self.cores, math.ceil(self.quota)))

    @property
    def rule(self) -> str:
        """What decides, in words."""
        cores = f"{self.cores} core{'s' if self.cores != 1 else ''}"
        if self.quota is None or self.quota >= self.cores:
            return cores
        return f"the CPU quota of {self.quota:g} of the cgroup {self.cgroup}, on {cores}"


def read_cpus(*, proc: Path = PROC, cgroups: Path = CGROUPS, cores: int | None = None) -> Cpus:
    """What the kernel reports now; `cores` are those of the affinity mask (cpusets) where none are given."""
    quotas = [(quota, folder) for folder, quota in _quotas(proc, cgroups) if quota is not None]
    quota, folder = min(quotas, key=lambda found: found[0], default=(None, cgroups))
    return Cpus(
        cores=cores or len(os.sched_getaffinity(0)),
        quota=quota,
        cgroup=f"/{folder.relative_to(cgroups)}" if quota is not None and folder != cgroups else "/",
    )


def usable_cpus() -> int:
    """The number of CPUs that this process may use."""
    return read_cpus().usable


def _quotas(proc: Path, cgroups: Path) -> list[tuple[Path, float | None]]:
    # A parent's quota limits all below it, so that the smallest counts; a hybrid system has both versions.
    return [
        *((folder, _quota(folder)) for folder in own_cgroups(proc=proc, cgroups=cgroups)),
        *((folder, _quota_v1(folder)) for folder in own_cgroups_v1("cpu", proc=proc, cgroups=cgroups)),
    ]


def _quota(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        return _share(int(quota), int(period))  # or the word max
    except (OSError, ValueError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        return _share(_number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us"))
    except (OSError, ValueError):
        return None


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _share(quota_us: int, period_us: int) -> float | None:
    # Version 1 says -1 for none.
    return quota_us / period_us if quota_us > 0 and period_us > 0 else None

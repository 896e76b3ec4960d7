"""Available memory, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.runtime.machine.free_memory import Memory, read_memory

pytestmark = pytest.mark.unit

MIB = 1024**2


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text(
        "MemTotal: 8192 kB\nMemFree: 1 kB\nMemAvailable: 4096 kB\nHugePages_Total: 0\n"
    )
    (folder / "self/cgroup").write_text("1:name=systemd:/old\n0::/system.slice/worker.service\n")
    return folder


def _limit(folder: Path, *, limit: str, used: int, file: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {file}\nactive_file 0\nslab_reclaimable 0\n")


def test_it_is_what_the_machine_has_where_no_cgroup_limits_it(proc: Path, tmp_path: Path) -> None:
    _limit(tmp_path / "cgroup/system.slice/worker.service", limit="max", used=MIB)
    assert read_memory(proc=proc, cgroups=tmp_path / "cgroup") == Memory(
        total_bytes=8 * MIB, available_bytes=4 * MIB
    )


@pytest.mark.parametrize("place", ["system.slice/worker.service", "system.slice", "."])
def test_it_is_the_rest_of_the_narrowest_cgroup_with_what_the_kernel_takes_back(
    proc: Path, tmp_path: Path, place: str
) -> None:
    _limit(tmp_path / "cgroup" / place, limit=str(3 * MIB), used=2 * MIB, file=MIB // 2)
    assert read_memory(proc=proc, cgroups=tmp_path / "cgroup") == Memory(
        total_bytes=3 * MIB, available_bytes=3 * MIB // 2
    )


def test_a_container_sees_its_limit_in_the_root(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/\n")
    _limit(tmp_path / "cgroup", limit=str(MIB), used=MIB)
    memory = read_memory(proc=proc, cgroups=tmp_path / "cgroup")
    assert memory is not None
    assert memory.available_bytes == 0


def test_it_is_unknown_where_the_kernel_reports_nothing(tmp_path: Path) -> None:
    assert read_memory(proc=tmp_path, cgroups=tmp_path) is None


def test_this_machine_reports_it() -> None:
    memory = read_memory()
    assert memory is None or 0 <= memory.available_bytes <= memory.total_bytes

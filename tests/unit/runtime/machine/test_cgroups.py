"""The folders of the own control groups, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.runtime.machine.cgroups import own_cgroups, own_cgroups_v1

pytestmark = pytest.mark.unit

HYBRID = "9:name=systemd:/a\n4:memory:/m\n2:cpu,cpuacct:/system.slice/worker.service\n0::/system.slice/w:x\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(HYBRID)
    return tmp_path / "proc"


def test_the_own_one_comes_first_and_the_mount_last(proc: Path, tmp_path: Path) -> None:
    mount = tmp_path / "cgroup"
    assert own_cgroups(proc=proc, cgroups=mount) == [
        mount / "system.slice/w:x",
        mount / "system.slice",
        mount,
    ]


@pytest.mark.parametrize("name", ["cpu,cpuacct", "cpu"])
def test_a_controller_of_version_1_is_found_where_it_is_mounted(
    proc: Path, tmp_path: Path, name: str
) -> None:
    mount = tmp_path / "cgroup" / name
    mount.mkdir(parents=True)
    assert own_cgroups_v1("cpu", proc=proc, cgroups=tmp_path / "cgroup") == [
        mount / "system.slice/worker.service",
        mount / "system.slice",
        mount,
    ]


def test_a_controller_this_process_is_not_in_has_none(proc: Path, tmp_path: Path) -> None:
    assert own_cgroups_v1("io", proc=proc, cgroups=tmp_path) == []


def test_without_proc_there_are_none_but_the_mount(tmp_path: Path) -> None:
    assert own_cgroups(proc=tmp_path, cgroups=tmp_path / "cgroup") == [tmp_path / "cgroup"]
    assert own_cgroups_v1("cpu", proc=tmp_path, cgroups=tmp_path) == []

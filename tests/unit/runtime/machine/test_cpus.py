"""CPUs that may be used: cores, and quotas of cgroups of both versions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker.runtime.machine.cpus import Cpus, read_cpus, usable_cpus

pytestmark = pytest.mark.unit

UNIT = "system.slice/worker.service"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"3:cpuset:/\n2:cpu,cpuacct:/{UNIT}\n0::/{UNIT}\n")
    return tmp_path / "proc"


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def _read(tmp_path: Path, proc: Path, cores: int = 8) -> Cpus:
    return read_cpus(proc=proc, cgroups=tmp_path / "cgroup", cores=cores)


@pytest.mark.parametrize(
    ("limit", "usable"),
    [
        ("max 100000", 8),
        ("400000 100000", 4),
        ("150000 100000", 2),
        ("10000 100000", 1),
        ("25000 50000", 1),
        ("1600000 100000", 8),
    ],
)
def test_a_quota_is_worth_its_cpus_rounded_up_and_no_more_than_the_cores(
    tmp_path: Path, proc: Path, limit: str, usable: int
) -> None:
    _write(tmp_path / "cgroup" / UNIT, cpu__max=limit)
    assert _read(tmp_path, proc).usable == usable


def test_the_smallest_quota_of_the_own_cgroup_and_those_above_counts(tmp_path: Path, proc: Path) -> None:
    _write(tmp_path / "cgroup" / UNIT, cpu__max="400000 100000")
    _write(tmp_path / "cgroup/system.slice", cpu__max="200000 100000")
    cpus = _read(tmp_path, proc)
    assert (cpus.usable, cpus.cgroup) == (2, "/system.slice")
    assert cpus.rule == "the CPU quota of 2 of the cgroup /system.slice, on 8 cores"


def test_in_a_container_the_quota_is_in_the_root(tmp_path: Path, proc: Path) -> None:
    (proc / "self/cgroup").write_text("0::/\n")
    _write(tmp_path / "cgroup", cpu__max="300000 100000")
    assert (_read(tmp_path, proc).usable, _read(tmp_path, proc).cgroup) == (3, "/")


def test_a_container_that_is_shown_the_path_of_its_host_finds_its_own_root(
    tmp_path: Path, proc: Path
) -> None:
    (proc / "self/cgroup").write_text("0::/docker/0123abcd\n")
    _write(tmp_path / "cgroup", cpu__max="100000 100000")
    assert _read(tmp_path, proc).usable == 1


@pytest.mark.parametrize(("quota", "usable"), [("250000", 3), ("-1", 8)])
def test_version_1_has_a_quota_too_and_minus_one_is_none(
    tmp_path: Path, proc: Path, quota: str, usable: int
) -> None:
    _write(
        tmp_path / "cgroup/cpu,cpuacct" / UNIT,
        **{"cpu__cfs_quota_us": quota, "cpu__cfs_period_us": "100000"},
    )
    assert _read(tmp_path, proc).usable == usable


@pytest.mark.parametrize("limit", ["", "max", "100000 0", "x y", "1 2 3"])
def test_what_is_no_quota_limits_nothing(tmp_path: Path, proc: Path, limit: str) -> None:
    _write(tmp_path / "cgroup" / UNIT, cpu__max=limit)
    assert (_read(tmp_path, proc).usable, _read(tmp_path, proc, cores=1).rule) == (8, "1 core")


def test_a_quota_beyond_the_cores_is_not_what_decides(tmp_path: Path, proc: Path) -> None:
    _write(tmp_path / "cgroup" / UNIT, cpu__max="900000 100000")
    assert _read(tmp_path, proc).rule == "8 cores"


def test_here_there_is_at_least_one_and_no_more_than_the_affinity_allows() -> None:
    assert 1 <= usable_cpus() <= len(os.sched_getaffinity(0))

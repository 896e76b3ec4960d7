"""Old log files and those of dead processes: found by their locks, shipped or removed."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from worker.errors import UnavailableError
from worker.runtime.identity import Identity
from worker.runtime.log_files import LogFiles
from worker.runtime.log_sweep import LogSweep

pytestmark = pytest.mark.unit

DAY_S = 24 * 3600.0
NOW_S = 1_800_000_000.0
DEAD = "cis-worker.i-0dead.77.20270101T000000Z"


class Folder:
    """A folder of log files, and what is shipped from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.mkdir()
        own = Identity(worker="w", instance="i-0abc", process=5, role="worker", version="1")
        self.files = LogFiles(path, own, max_bytes=1_000)
        self.shipped: dict[str, bytes] = {}
        self.is_down = False
        self.locks: list[int] = []

    def put(self, name: str, *, days_old: float = 0.0, data: bytes = b"{}\n") -> Path:
        path = self.path / name
        path.write_bytes(data)
        os.utime(path, (NOW_S - days_old * DAY_S,) * 2)
        return path

    def lock(self, base: str, *, alive: bool) -> None:
        descriptor = os.open(self.path / f"{base}.lock", os.O_RDWR | os.O_CREAT)
        self.locks.append(descriptor)
        if alive:
            fcntl.flock(descriptor, fcntl.LOCK_EX)

    def ship(self, path: Path, key: str) -> None:
        if self.is_down:
            raise UnavailableError("S3 does not answer")
        self.shipped[key] = path.read_bytes()

    def sweep(self, *, ships: bool = True, max_bytes: int = 1_000) -> LogSweep:
        return LogSweep(
            files=self.files,
            keep_days=14,
            max_bytes=max_bytes,
            ship=self.ship if ships else None,
            now=lambda: NOW_S,
        )

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "logs")
    yield folder
    folder.files.close()
    for descriptor in folder.locks:
        os.close(descriptor)


def test_the_files_of_a_dead_process_are_shipped_and_removed(folder: Folder) -> None:
    folder.lock(DEAD, alive=False)
    folder.put(f"{DEAD}.0001.log", data=b"one\n")
    folder.put(f"{DEAD}.log", data=b"two\n")
    folder.put(f"{DEAD}.0002.log", data=b"")
    with capture_logs() as lines:
        folder.sweep().step()
    assert folder.shipped == {
        f"logs/i-0dead/2027-01-15/{DEAD}.0001.log": b"one\n",
        f"logs/i-0dead/2027-01-15/{DEAD}.log": b"two\n",
    }
    assert folder.names() == []
    (line,) = lines
    assert (line["event"], line["of_process"], line["files"]) == ("orphaned_logs_found", 77, 3)


def test_the_files_of_a_living_process_are_left_alone_whatever_its_id(folder: Folder) -> None:
    folder.lock(DEAD, alive=True)
    names = [f"{DEAD}.0001.log", f"{DEAD}.log"]
    for name in names:
        folder.put(name, days_old=30)
    folder.sweep().step()
    assert folder.names() == sorted([*names, f"{DEAD}.lock"])


def test_without_shipping_they_are_removed_when_they_are_old(folder: Folder) -> None:
    folder.lock(DEAD, alive=False)
    folder.put(f"{DEAD}.0001.log", days_old=14.1)
    folder.put(f"{DEAD}.log", days_old=13.9)
    sweep = folder.sweep(ships=False)
    with capture_logs() as lines:
        sweep.step()
        sweep.step()
    assert folder.names() == [f"{DEAD}.lock", f"{DEAD}.log"]
    assert [line["event"] for line in lines] == ["orphaned_logs_found"]


def test_files_without_a_lock_wait_for_a_day(folder: Folder) -> None:
    folder.put(f"{DEAD}.log", days_old=0.9)
    folder.put("cis-worker.i-0old.7.20270101T000000Z.log", days_old=1.1)
    folder.sweep().step()
    assert folder.names() == [f"{DEAD}.log"]


def test_of_its_own_files_only_the_complete_ones_are_shipped_before_the_end(folder: Folder) -> None:
    folder.put(f"{folder.files.base}.log")
    folder.put(f"{folder.files.base}.0001.log", data=b"one\n")
    sweep = folder.sweep()
    sweep.step()
    assert list(folder.shipped.values()) == [b"one\n"]
    assert folder.names() == [f"{folder.files.base}.log"]
    sweep.finish()
    assert len(folder.shipped) == 2
    assert folder.names() == []


def test_what_could_not_be_shipped_stays_for_the_next_step(folder: Folder) -> None:
    folder.lock(DEAD, alive=False)
    folder.put(f"{DEAD}.log")
    folder.is_down = True
    sweep = folder.sweep()
    with capture_logs() as lines:
        sweep.step()
    assert [line["event"] for line in lines] == ["orphaned_logs_found", "log_sweep_failed"]
    assert f"{DEAD}.log" in folder.names()
    folder.is_down = False
    sweep.step()
    assert folder.names() == []


def test_other_files_and_links_are_not_touched(folder: Folder, tmp_path: Path) -> None:
    folder.put("notes.txt", days_old=100)
    folder.put("cis-worker.log", days_old=100)
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    (folder.path / f"{DEAD}.log").symlink_to(outside)
    before = folder.names()
    folder.sweep().step()
    assert folder.names() == before
    assert folder.shipped == {}


def test_too_many_bytes_remove_the_oldest_complete_files(folder: Folder) -> None:
    folder.lock(DEAD, alive=True)
    for number in range(1, 6):
        folder.put(f"{DEAD}.000{number}.log", days_old=10 - number, data=b"x" * 1_000)
    folder.put(f"{DEAD}.log", days_old=11, data=b"x" * 1_000)
    folder.sweep(ships=False, max_bytes=100).step()
    assert folder.names() == [
        f"{DEAD}.0003.log",
        f"{DEAD}.0004.log",
        f"{DEAD}.0005.log",
        f"{DEAD}.lock",
        f"{DEAD}.log",
    ]


def test_a_missing_folder_fails_no_step(folder: Folder) -> None:
    folder.path.rmdir()
    with capture_logs() as lines:
        folder.sweep().step()
    assert [line["event"] for line in lines] == ["log_sweep_failed"]


def test_an_end_waits_no_longer_than_its_time_for_a_network_that_hangs(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.runtime.log_sweep._FINISH_S", 0.05)
    goes_on = threading.Event()
    folder.put(f"{folder.files.base}.log")
    sweep = folder.sweep()

    def hang(_path: Path, _key: str) -> None:
        goes_on.wait(60)

    sweep.ship = hang
    began = time.monotonic()
    sweep.finish()
    assert time.monotonic() - began >= 0.05
    assert not goes_on.is_set()
    goes_on.set()

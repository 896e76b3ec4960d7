"""Log files: named, rotated by size and day, and never in the worker's way."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from worker.runtime.identity import Identity
from worker.runtime.log import configure
from worker.runtime.log_files import LogFiles

pytestmark = pytest.mark.unit

WORKER = Identity(worker="w1", instance="ip-10-0-0-1.example 営業", process=4242, role="worker", version="1")
BASE = "cis-worker.ip-10-0-0-1.example-.4242.20261129T230000Z"
START_S = datetime(2026, 11, 29, 23, tzinfo=UTC).timestamp()


class Host:
    """A folder, a clock, standard error, and the log of a worker on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_s = START_S
        self.stderr = io.StringIO()
        self.files: LogFiles | None = None

    def open(self, *, max_bytes: int = 1_000_000) -> LogFiles:
        self.files = LogFiles(
            self.folder,
            WORKER,
            max_bytes=max_bytes,
            fallback=logging.StreamHandler(self.stderr),
            now=lambda: self.now_s,
        )
        configure("info", stream=io.StringIO(), identity=lambda: WORKER, handler=self.files)
        return self.files

    def log(self, event: str, **fields: object) -> None:
        structlog.get_logger("worker.test").info(event, **fields)

    def events(self, name: str) -> list[str]:
        text = (self.folder / name).read_text(encoding="utf-8")
        return [json.loads(line)["event"] for line in text.splitlines()]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def on_stderr(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.stderr.getvalue().splitlines()]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    root, ours, raising = logging.getLogger(), logging.getLogger("worker"), logging.raiseExceptions
    levels = (root.level, ours.level)
    host = Host(tmp_path / "logs")
    yield host
    root.handlers = [handler for handler in root.handlers if handler.get_name() != "worker"]
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.raiseExceptions = raising
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    if host.files is not None:
        host.files.close()


def test_lines_are_in_a_file_named_by_application_instance_process_and_start(host: Host) -> None:
    host.open()
    host.log("first", path="営業\udcff", password="hunter2")
    assert host.names() == [f"{BASE}.lock", f"{BASE}.log"]
    (line,) = (host.folder / f"{BASE}.log").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["path"] == "営業\udcff"
    assert "営業" in line
    assert "hunter2" not in line
    assert json.loads(line)["process"] == 4242


def test_a_new_file_is_begun_before_one_is_too_large(host: Host) -> None:
    host.open(max_bytes=700)
    for number in range(6):
        host.log(f"event {number}", text="x" * 100)
    logs = [name for name in host.names() if name.endswith(".log")]
    assert logs == [f"{BASE}.0001.log", f"{BASE}.0002.log", f"{BASE}.log"]
    assert [event for name in logs for event in host.events(name)] == [f"event {n}" for n in range(6)]
    assert all((host.folder / name).stat().st_size <= 700 for name in logs)


def test_a_line_larger_than_a_file_is_written_whole(host: Host) -> None:
    host.open(max_bytes=700)
    host.log("small")
    host.log("large", text="x" * 5_000)
    assert host.events(f"{BASE}.log") == ["large"]


def test_a_new_file_is_begun_at_midnight(host: Host) -> None:
    host.open()
    host.log("today")
    host.now_s += 3_599
    host.log("still today")
    host.now_s += 1
    host.log("tomorrow")
    assert host.events(f"{BASE}.0001.log") == ["today", "still today"]
    assert host.events(f"{BASE}.log") == ["tomorrow"]


def test_a_process_holds_its_lock_until_its_end(host: Host) -> None:
    files = host.open()
    host.log("event")
    with (host.folder / f"{BASE}.lock").open() as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        files.close()
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_folder_that_cannot_be_made_is_reported_once_and_lines_go_to_stderr(host: Host) -> None:
    host.folder.write_text("a file is in the way")
    host.open()
    for number in range(3):
        host.log(f"event {number}")
    assert host.on_stderr() == ["event 0", "log_file_unavailable", "event 1", "event 2"]
    host.folder.unlink()
    host.now_s += 61
    host.log("event 3")
    assert host.events(f"{BASE}.log") == ["event 3", "log_file_available"]
    assert len(host.on_stderr()) == 4


def open_full_device(files: LogFiles) -> Callable[[], io.TextIOWrapper]:
    def open_it() -> io.TextIOWrapper:
        return os.fdopen(os.open("/dev/full", os.O_WRONLY), "w", encoding="utf-8")

    return open_it


def test_a_full_disk_stops_nobody_and_loses_no_line(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    files = host.open()
    host.log("before")
    files.end()
    with monkeypatch.context() as full:
        full.setattr(files, "_open", open_full_device(files))
        host.log("while full")
        host.log("still full")
    assert host.on_stderr() == ["while full", "log_file_unavailable", "still full"]
    host.now_s += 61
    host.log("after")
    assert host.events(f"{BASE}.0001.log") == ["before"]
    assert host.events(f"{BASE}.log") == ["after", "log_file_available"]


def test_a_link_in_place_of_the_file_is_not_followed(host: Host, tmp_path: Path) -> None:
    host.folder.mkdir()
    (host.folder / f"{BASE}.log").symlink_to(tmp_path / "elsewhere")
    host.open()
    host.log("event")
    assert not (tmp_path / "elsewhere").exists()
    assert host.on_stderr()[0] == "event"

"""Changes of folders are heard of when they are over, and the home's own are not."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.events import DirModifiedEvent, FileModifiedEvent, FileOpenedEvent, FileSystemEvent

from worker.errors import MisconfiguredError
from worker.home.watch.folder_watch import FolderWatch, require_watchdog

pytestmark = pytest.mark.unit


class Clock:
    """Seconds that pass only while somebody waits."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait_for(self, seconds: float) -> Callable[[float], bool]:
        """A wait that is stopped after so many seconds."""
        end = self.now + seconds

        def wait(interval_s: float) -> bool:
            self.now += interval_s
            return self.now >= end

        return wait


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(tmp_path: Path, clock: Clock) -> FolderWatch:
    """A watch that has not begun, so that only the test sends events."""
    return FolderWatch([str(tmp_path / "docs")], home=tmp_path / "docs" / "home", clock=clock)


def test_a_change_is_reported_once_and_when_it_is_quiet(
    watch: FolderWatch, clock: Clock, tmp_path: Path
) -> None:
    watch.on_event(FileModifiedEvent(str(tmp_path / "docs" / "a.txt")))
    assert not watch.wait(clock.wait_for(1.5))
    watch.on_event(FileModifiedEvent(str(tmp_path / "docs" / "a.txt")))
    assert not watch.wait(clock.wait_for(1.5))
    assert watch.wait(clock.wait_for(5))
    assert not watch.wait(clock.wait_for(100))


def test_a_file_that_is_never_quiet_does_not_keep_the_others_waiting(
    watch: FolderWatch, clock: Clock, tmp_path: Path
) -> None:
    reports = 0
    for _ in range(35):
        watch.on_event(FileModifiedEvent(str(tmp_path / "docs" / "a.log")))
        reports += watch.wait(clock.wait_for(1.0))
    assert reports == 1


@pytest.mark.parametrize(
    "event",
    [
        FileModifiedEvent("{docs}/home/index.sqlite3"),
        FileModifiedEvent("{docs}-other/a.txt"),
        FileOpenedEvent("{docs}/a.txt"),
    ],
)
def test_reading_and_the_home_are_no_changes(
    watch: FolderWatch, clock: Clock, tmp_path: Path, event: FileSystemEvent
) -> None:
    path = os.fsdecode(event.src_path).replace("{docs}", str(tmp_path / "docs"))
    watch.on_event(type(event)(path))
    assert not watch.wait(clock.wait_for(60))


@pytest.mark.parametrize("named", ["docs", "docs/a.txt"])
def test_new_and_replaced_files_are_heard_of(tmp_path: Path, named: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("old")
    deadline, pause = time.monotonic() + 60, threading.Event()

    def wait(interval_s: float) -> bool:
        pause.wait(interval_s)
        return time.monotonic() > deadline

    with FolderWatch([str(tmp_path / named)], home=tmp_path / "home", quiet_s=0.1) as watch:
        (docs / "new").write_text("new")
        (docs / "new").replace(docs / "a.txt")
        assert watch.wait(wait)


def _until(seconds: float) -> Callable[[float], bool]:
    deadline, pause = time.monotonic() + seconds, threading.Event()

    def wait(interval_s: float) -> bool:
        pause.wait(interval_s)
        return time.monotonic() > deadline

    return wait


@pytest.mark.parametrize("home", ["docs/../docs/home", "link/home"])
def test_a_home_is_passed_over_however_it_is_named(tmp_path: Path, clock: Clock, home: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "docs")
    watch = FolderWatch([str(tmp_path / "docs")], home=tmp_path / home, clock=clock)
    watch.on_event(FileModifiedEvent(str(tmp_path / "docs" / "home" / "index.sqlite3")))
    assert not watch.wait(clock.wait_for(60))


def test_what_a_link_leads_to_and_what_takes_the_place_of_a_folder_are_watched(tmp_path: Path) -> None:
    docs, link = tmp_path / "docs", tmp_path / "link"
    docs.mkdir()
    link.symlink_to(docs)
    with FolderWatch([str(link)], home=tmp_path / "home", quiet_s=0.1) as watch:
        (docs / "a.txt").write_text("a")
        assert watch.wait(_until(60))
        docs.rename(tmp_path / "old")
        docs.mkdir()
        assert watch.wait(_until(60))
        (docs / "b.txt").write_text("b")
        assert watch.wait(_until(60))


def test_a_folder_that_cannot_be_watched_is_said_with_what_to_do(tmp_path: Path) -> None:
    watch = FolderWatch([str(tmp_path / "none" / "at all")], home=tmp_path)
    with pytest.raises(MisconfiguredError, match=r"cannot be watched: .*max_user_watches"):
        watch.__enter__()


def test_without_the_extra_one_line_names_it() -> None:
    require_watchdog()
    with pytest.raises(MisconfiguredError, match=r"not_installed.*pip install 'cis-worker\[watch\]'"):
        require_watchdog("not_installed")


def test_a_folder_with_the_temporary_files_does_not_hear_of_workers(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "docs" / "tmp"
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    own = FolderWatch([str(tmp_path / "docs")], home=tmp_path / "home", clock=clock)
    own.on_event(FileModifiedEvent(str(temporary / "cis-worker-abc" / "document-1" / "original")))
    own.on_event(DirModifiedEvent(str(temporary)))
    assert not own.wait(clock.wait_for(10))
    own.on_event(FileModifiedEvent(str(temporary / "letter.txt")))
    assert own.wait(clock.wait_for(10))

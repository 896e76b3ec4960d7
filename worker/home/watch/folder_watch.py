"""FolderWatch: when something below the paths of a user has changed, and is quiet again.

It says that there is something to do, not what: the plan of the next run compares disk and manifest anyway,
and so finds also what no event named.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

_PACKAGE = "watchdog"
_QUIET_S = 2.0
_LONGEST_S = 30.0
"""A file that is written without a pause, such as a log, must not keep the others waiting."""
_TICK_S = 0.2
_JOIN_S = 5.0
_WORK_FOLDERS = "cis-worker-"
_Folders: TypeAlias = dict[tuple[str, bool], tuple[int, int]]
# Reading a file opens and closes it, and a run reads all that is new.
_CHANGES = ("created", "modified", "moved", "deleted", "closed")


def require_watchdog(package: str = _PACKAGE) -> None:
    """Raise MisconfiguredError where the extra `watch` is not installed."""
    if importlib.util.find_spec(package) is None:
        raise MisconfiguredError(
            f"--watch needs the Python package {package}, which is not installed; "
            "run pip install 'cis-worker[watch]'"
        )


class FolderWatch:
    """A context manager that hears of changes below the paths, but for those in the folder `home`.

    Nor does it hear of the folders that workers work in, where a path has the folder of temporary files.
    All are taken by what they are, not by how they are named: a home that is heard of would be written to,
    and heard of again, without end.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        home: Path,
        quiet_s: float = _QUIET_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from watchdog.events import FileSystemEventHandler  # noqa: PLC0415 - of an extra that few have
        from watchdog.observers import Observer  # noqa: PLC0415

        self._paths = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - may be no UTF-8
        self._roots = frozenset(map(_real, self._paths))
        self._home = os.path.realpath(home)
        self._temporary = os.path.realpath(tempfile.gettempdir())
        self._quiet_s = quiet_s
        self._clock = clock
        self._lock = threading.Lock()
        self._first: float | None = None
        self._last = 0.0
        self._observer = Observer()
        self._handler = FileSystemEventHandler()
        self._handler.dispatch = self.on_event  # type: ignore[method-assign]
        self._watched: _Folders = {}

    def wait(self, wait: Callable[[float], bool]) -> bool:
        """Wait until there were changes and are none now; False when `wait` says that it is stopped."""
        while not wait(_TICK_S):
            self._follow()
            if self._take_changes():
                return True
        return False

    def on_event(self, event: FileSystemEvent) -> None:
        """Hear of one change; called by the threads of the observer."""
        places = [os.fsdecode(place) for place in (event.src_path, event.dest_path) if place]
        if event.event_type not in _CHANGES or all(map(self._is_foreign, places)):
            return
        # A folder is modified by what is made in it, of which there is an event, too.
        if event.event_type == "modified" and places == [self._temporary]:
            return
        if event.event_type == "deleted" and not self._roots.isdisjoint(places):
            # Its watch ends with it, and the next folder of its name may even have its number.
            self._watched = {}
        self._hear()

    def _hear(self) -> None:
        with self._lock:
            self._last = self._clock()
            self._first = self._last if self._first is None else self._first

    def _take_changes(self) -> bool:
        with self._lock:
            if self._first is None:
                return False
            now = self._clock()
            if now - self._last < self._quiet_s and now - self._first < _LONGEST_S:
                return False
            self._first = None
            return True

    def _is_foreign(self, place: str) -> bool:
        """Whether a place is in the home, or beside a file that was named alone."""
        if place.startswith(f"{self._temporary}/{_WORK_FOLDERS}"):
            return True
        return _is_below(place, self._home) or not any(_is_below(place, root) for root in self._roots)

    def _follow(self) -> None:
        """Watch what was put in the place of a folder, and of what a link leads to."""
        if self._observer.is_alive() and self._folders() != self._watched:
            self._observer.unschedule_all()
            self._schedule()
            self._hear()

    def _folders(self) -> _Folders:
        """The folders to be watched, whether with all below, and which ones these are now."""
        folders: _Folders = {}
        for path in self._paths:
            is_folder = Path(path).is_dir()
            # A file that is replaced is another one: only its folder hears of it.
            place = os.path.realpath(path if is_folder else str(Path(path).parent))
            with suppress(OSError):
                status = os.stat(place)  # noqa: PTH116 - may be no UTF-8
                folders[place, is_folder] = (status.st_dev, status.st_ino)
        return folders

    def _schedule(self) -> None:
        """Watch the folders that there are; raises MisconfiguredError where the system refuses it."""
        self._roots, folders = frozenset(map(_real, self._paths)), self._folders()
        try:
            for place, is_recursive in folders:
                self._observer.schedule(self._handler, place, recursive=is_recursive)
        except FileNotFoundError:
            folders = {}  # gone since it was found: the next tick finds what there is
        except OSError as error:
            raise _refused(error) from error
        self._watched = folders

    def __enter__(self) -> Self:
        self._schedule()
        if not self._watched:
            raise _refused(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
        try:
            self._observer.start()
        except OSError as error:
            raise _refused(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join(_JOIN_S)


def _real(path: str) -> str:
    """The path that events have: a file may be a link, the folder that it is in is none."""
    if Path(path).is_dir():
        return os.path.realpath(path)
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def _refused(error: OSError) -> MisconfiguredError:
    return MisconfiguredError(
        f"the folders cannot be watched: {error.strerror or error}; raise the limits of the system "
        "(sysctl fs.inotify.max_user_watches, fs.inotify.max_user_instances), or run ingest "
        "without --watch from a timer"
    )


def _is_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")

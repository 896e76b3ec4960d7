"""FolderWatch: when something below the paths of a user has changed, and is quiet again.

It says that there is something to do, not what: the plan of the next run compares disk and manifest anyway,
and so finds also what no event named.
"""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

_PACKAGE = "watchdog"
_QUIET_S = 2.0
_LONGEST_S = 30.0
"""A file that is written without a pause, such as a log, must not keep the others waiting."""
_TICK_S = 0.2
_JOIN_S = 5.0
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
    """A context manager that hears of changes below the paths, but for those in the folder `home`."""

    def __init__(
        self,
        paths: Sequence[str],
        *,
        home: Path,
        quiet_s: float = _QUIET_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - of an extra that few have

        self._paths = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - may be no UTF-8
        self._home = str(home)
        self._quiet_s = quiet_s
        self._clock = clock
        self._lock = threading.Lock()
        self._first: float | None = None
        self._last = 0.0
        self._observer = Observer()

    def wait(self, wait: Callable[[float], bool]) -> bool:
        """Wait until there were changes and are none now; False when `wait` says that it is stopped."""
        while not wait(_TICK_S):
            if self._take_changes():
                return True
        return False

    def on_event(self, event: FileSystemEvent) -> None:
        """Hear of one change; called by the threads of the observer."""
        places = [os.fsdecode(place) for place in (event.src_path, event.dest_path) if place]
        if event.event_type not in _CHANGES or all(map(self._is_foreign, places)):
            return
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
        return _is_below(place, self._home) or not any(_is_below(place, path) for path in self._paths)

    def __enter__(self) -> Self:
        from watchdog.events import FileSystemEventHandler  # noqa: PLC0415

        handler = FileSystemEventHandler()
        handler.dispatch = self.on_event  # type: ignore[method-assign]
        try:
            for path in self._paths:
                # A file that is replaced is another one: only its folder hears of it.
                place = path if Path(path).is_dir() else str(Path(path).parent)
                self._observer.schedule(handler, place, recursive=place == path)
            self._observer.start()
        except OSError as error:
            raise MisconfiguredError(
                f"the folders cannot be watched: {error.strerror or error}; raise the limits of the system "
                "(sysctl fs.inotify.max_user_watches, fs.inotify.max_user_instances), or run ingest "
                "without --watch from a timer"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join(_JOIN_S)


def _is_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")

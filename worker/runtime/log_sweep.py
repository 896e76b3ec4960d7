"""The sweep over log files: complete ones and those of dead processes are shipped, old ones removed."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from worker.errors import WorkerError
from worker.runtime.log_files import APPLICATION, LogFiles

PREFIX = "logs/"
"""Of the objects that files become; a rule of the bucket expires them."""
INTERVAL_S = 60.0
_DAY_S = 24 * 3600.0
# All files together: a process that logs without end must not fill the disk in the days they are kept.
_MOST_FILES = 40
_FINISH_S = 5.0
_NAME = re.compile(
    rf"(?P<base>\.?{APPLICATION}\.(?P<instance>.+)\.(?P<process>\d+)\.\d{{8}}T\d{{6}}Z)"
    r"(?:\.(?P<number>\d+))?\.(?P<kind>log|lock)"
)

Ship = Callable[[Path, str], None]
"""Copies a file to the store of results, under a key; raises WorkerError."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _LogFile:
    path: Path
    instance: str
    process: int
    is_complete: bool
    size_bytes: int
    changed_at: float

    @property
    def key(self) -> str:
        """Where it is shipped to."""
        day = datetime.fromtimestamp(self.changed_at, UTC).strftime("%Y-%m-%d")
        return f"{PREFIX}{self.instance}/{day}/{self.path.name}"


@dataclass(kw_only=True, slots=True, eq=False)
class LogSweep:
    """The log files of one folder. Without `ship` they are removed `keep_days` after their last line.

    Whether a process is dead is found by its lock. Files that have none, because somebody removed it, count
    as a dead process's a day after their last line.
    """

    files: LogFiles
    keep_days: int
    max_bytes: int
    ship: Ship | None = None
    now: Callable[[], float] = time.time
    _reported: set[str] = field(default_factory=set)

    def step(self) -> None:
        """Ship and remove what is due; raises nothing: logs must not stop the worker."""
        try:
            for base, group in self._groups().items():
                if base == self.files.base:
                    self._clear([each for each in group if each.is_complete])
                else:
                    self._sweep_other(base, group)
            self._remove_most()
        except (OSError, WorkerError) as error:
            # What could not be shipped is still there at the next step.
            _log.warning("log_sweep_failed", folder=str(self.files.folder), reason=str(error))

    def finish(self) -> None:
        """Ship the files of this process at its end, for 5 s at most: nobody may come after it here."""
        self.files.end()
        if self.ship is None:
            return
        # In a thread: a network that does not answer must not keep the process alive.
        last = threading.Thread(target=self._ship_own, name="log-shipping", daemon=True)
        last.start()
        last.join(_FINISH_S)

    def _ship_own(self) -> None:
        with suppress(OSError, WorkerError):
            self._clear(self._groups().get(self.files.base, []))
            (self.files.folder / f"{self.files.base}.lock").unlink()

    def _groups(self) -> dict[str, list[_LogFile]]:
        """The log files by the process that wrote them, oldest first."""
        groups: defaultdict[str, list[_LogFile]] = defaultdict(list)
        for path in self.files.folder.iterdir():
            name = _NAME.fullmatch(path.name)
            if name is None:
                continue
            with suppress(FileNotFoundError):
                found = path.lstat()
                if not stat.S_ISREG(found.st_mode):
                    continue
                group = groups[name["base"]]
                if name["kind"] == "log":
                    group.append(
                        _LogFile(
                            path=path,
                            instance=name["instance"],
                            process=int(name["process"]),
                            is_complete=name["number"] is not None,
                            size_bytes=found.st_size,
                            changed_at=found.st_mtime,
                        )
                    )
        return {base: sorted(group, key=_age) for base, group in sorted(groups.items())}

    def _sweep_other(self, base: str, group: list[_LogFile]) -> None:
        lock_path = self.files.folder / f"{base}.lock"
        with _try_lock(lock_path) as is_free:
            if is_free is None:
                # Without a lock only time distinguishes them.
                if any(self.now() - each.changed_at < _DAY_S for each in group):
                    return
            elif not is_free:
                return
            self._report(base, group)
            self._clear(group)
            if not any(each.path.exists() for each in group):
                lock_path.unlink(missing_ok=True)
                self._reported.discard(base)

    def _report(self, base: str, group: list[_LogFile]) -> None:
        if group and base not in self._reported:
            self._reported.add(base)
            _log.info(
                "orphaned_logs_found",
                of_instance=group[0].instance,
                of_process=group[0].process,
                files=len(group),
                bytes=sum(each.size_bytes for each in group),
                shipped=self.ship is not None,
            )

    def _clear(self, group: list[_LogFile]) -> None:
        """Ship the files and remove them; where they are not shipped, remove the old ones."""
        for each in group:
            if self.ship is not None:
                if each.size_bytes:
                    self.ship(each.path, each.key)
                each.path.unlink(missing_ok=True)
            elif self.now() - each.changed_at > self.keep_days * _DAY_S:
                each.path.unlink(missing_ok=True)

    def _remove_most(self) -> None:
        """Remove the oldest complete files where there are too many bytes."""
        files = sorted((each for group in self._groups().values() for each in group), key=_age)
        excess_bytes = sum(each.size_bytes for each in files) - _MOST_FILES * self.max_bytes
        for each in files:
            if excess_bytes <= 0:
                return
            # The file that a living process writes to looks like a dead one's here.
            if each.is_complete:
                each.path.unlink(missing_ok=True)
                excess_bytes -= each.size_bytes
                _log.warning("log_file_removed", path=str(each.path), reason="too many bytes of log files")


def _age(file: _LogFile) -> float:
    return file.changed_at


@contextmanager
def _try_lock(path: Path) -> Iterator[bool | None]:
    """Whether the lock is free, which it is not for others inside; None where there is no lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)

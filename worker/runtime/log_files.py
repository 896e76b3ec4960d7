"""Log files, for a host whose service manager collects no standard output.

    cis-worker.<instance>.<process>.<start>.log         what this process writes
    cis-worker.<instance>.<process>.<start>.0001.log    complete: it was full, or its day had ended
    cis-worker.<instance>.<process>.<start>.lock        locked while the process lives

A lock, not the process id, says whether a process is alive: the system gives ids again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import BaseRotatingHandler
from pathlib import Path

import structlog

from worker.runtime.identity import Identity

APPLICATION = "cis-worker"
# A disk that is full stays so for a while, and every try costs.
_RETRY_S = 60.0
_MODE = 0o640
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")

_log = structlog.get_logger(__name__)


class LogFiles(BaseRotatingHandler):
    """Writes to one file at a time; a new one is begun at `max_bytes` and at midnight (UTC).

    A folder that cannot be written, or a full disk, neither stops nor blocks anybody: it is reported once,
    lines go to `fallback` (standard error) meanwhile, and another file is tried every minute.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        *,
        max_bytes: int,
        fallback: logging.Handler | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.base = _base_name(identity, now())
        """What the names of this process's files begin with."""
        self._max_bytes = max_bytes
        self._now = now
        self._fallback = fallback or logging.StreamHandler(sys.stderr)
        self._complete = 0
        self._day = ""
        self._lock_descriptor = -1
        self._retry_at = 0.0
        self._is_failing = False
        self._formatted: tuple[logging.LogRecord, str] | None = None
        super().__init__(folder / f"{self.base}.log", "a", encoding="utf-8", delay=True)

    def setFormatter(self, formatter: logging.Formatter | None) -> None:  # noqa: N802 - the library's name
        """Also for the lines that go to standard error meanwhile."""
        super().setFormatter(formatter)
        self._fallback.setFormatter(formatter)

    def format(self, record: logging.LogRecord) -> str:
        """The line; asked for twice in a row, it is made once."""
        if self._formatted is None or self._formatted[0] is not record:
            self._formatted = (record, super().format(record))
        return self._formatted[1]

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the library's name
        """Whether the file is full, or of another day."""
        if self.stream is None:
            return False
        line_bytes = len(self.format(record).encode("utf-8", "replace")) + 1
        size_bytes = os.fstat(self.stream.fileno()).st_size
        return self._day != _day(self._now()) or (
            size_bytes > 0 and size_bytes + line_bytes > self._max_bytes
        )

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        """Give the file its final name; the next line begins another one."""
        self._close_stream()
        self._complete += 1
        Path(self.baseFilename).rename(self.folder / f"{self.base}.{self._complete:04}.log")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if self._is_failing and self._now() < self._retry_at:
            self._fallback.handle(record)
            return
        super().emit(record)
        if self._is_failing and self.stream is not None:
            self._is_failing = False
            _log.info("log_file_available", path=self.baseFilename)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """A line that was not written: after an error of the disk it goes to standard error."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            return
        self._close_stream()
        was_failing, self._is_failing = self._is_failing, True
        self._retry_at = self._now() + _RETRY_S
        self._fallback.handle(record)
        if not was_failing:
            _log.warning("log_file_unavailable", path=self.baseFilename, reason=str(error))

    def end(self) -> None:
        """Close the file, complete or not, so that it can be shipped; the process still holds its lock."""
        self.acquire()
        try:
            self._close_stream()
        finally:
            self.release()

    def close(self) -> None:
        """Close the file and release the lock."""
        self.end()
        if self._lock_descriptor >= 0:
            os.close(self._lock_descriptor)
            self._lock_descriptor = -1
        super().close()

    def _open(self) -> TextIOWrapper:
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._hold_lock()
        # A file that was left by a failure may end within a line.
        with suppress(FileNotFoundError):
            if Path(self.baseFilename).stat().st_size:
                self._complete += 1
                Path(self.baseFilename).rename(self.folder / f"{self.base}.{self._complete:04}.log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.baseFilename, flags, _MODE)
        self._day = _day(self._now())
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def _hold_lock(self) -> None:
        if self._lock_descriptor >= 0:
            return
        new = self.folder / f".{self.base}.lock"
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Under its name only when it is locked, or a sweep would take it for a dead process's.
            new.rename(self.folder / f"{self.base}.lock")
        except OSError:
            os.close(descriptor)
            new.unlink(missing_ok=True)
            raise
        self._lock_descriptor = descriptor

    def _close_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            # What a full disk did not take stays in the buffer, and closing tries again.
            with suppress(OSError):
                stream.close()


def _base_name(identity: Identity, now_s: float) -> str:
    instance = _UNSAFE_IN_NAME.sub("-", identity.instance)[:64].strip(".") or "host"
    start = datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{APPLICATION}.{instance}.{identity.process}.{start}"


def _day(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%d")

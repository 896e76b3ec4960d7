"""Whether this machine can process documents: floors for disk and memory, and local faults in a row.

A worker that cannot work fails within milliseconds, so without a pause it would take the queue from its
healthy neighbours. It receives nothing while a resource is short. After several documents in a row that
failed for local reasons it receives one at a time, with growing pauses, until one succeeds.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from worker.errors import (
    Code,
    LocalFaultError,
    ProcessingError,
    RejectedError,
    UnavailableError,
    WorkerError,
)
from worker.runtime.machine.free_memory import Memory, read_memory
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.runtime.work_root import WorkRoot

FAILURES_IN_A_ROW = 3
_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 120.0
_CHECK_INTERVAL_S = 1.0
_DEFAULT_FLOOR_BYTES = 256 * 1024**2
_MIB = 1024**2

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Floors:
    """Free bytes below which nothing is received; None is 256 MiB, or a tenth of all where that is less.

    After `timeout_s` without recovery the worker stops with a failure.
    """

    disk_bytes: int | None = None
    memory_bytes: int | None = None
    timeout_s: float = 600.0


@dataclass(kw_only=True, slots=True, eq=False)
class LocalHealth:
    """Decides how much this worker may receive; several threads may call it."""

    work_root: WorkRoot
    floors: Floors
    shutdown: Shutdown
    metrics: Metrics
    read_memory: Callable[[], Memory | None] = read_memory
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _check_at: float = 0.0
    _shortage: str = ""
    _failures: int = 0
    _last_failure: str = ""
    _pause_s: float = _FIRST_PAUSE_S
    _probe_at: float = 0.0
    _paused_since: float | None = None
    _reserved_bytes: int = 0

    @property
    def pause_reason(self) -> str:
        """Why receiving is paused; empty while it is not."""
        if self._shortage:
            return self._shortage
        if self._failures >= FAILURES_IN_A_ROW:
            return f"the last {self._failures} documents failed on this machine: {self._last_failure}"
        return ""

    def places(self, limit: int, *, in_flight: int) -> int:
        """How many messages may be in flight: `limit`, 0, or 1 to learn whether the machine works again."""
        now = self.shutdown.now()
        with self._lock:
            if now >= self._check_at:
                self._check_at = now + _CHECK_INTERVAL_S
                self._shortage = self._find_shortage()
                self._report(now)
            if self._shortage:
                # Documents in flight may be what uses it: their end is waited for.
                if in_flight == 0:
                    self._give_up_in_time(now)
                return 0
            if self._failures < FAILURES_IN_A_ROW:
                return limit
            return 1 if now >= self._probe_at else 0

    def record_failure(self, reason: str) -> None:
        """A document failed for a reason of this machine."""
        now = self.shutdown.now()
        with self._lock:
            self._failures += 1
            self._last_failure = reason
            self.metrics.local_faults.inc()
            if self._failures == FAILURES_IN_A_ROW:
                self._pause_s = _FIRST_PAUSE_S
                self._probe_at = now + self._pause_s
            elif self._failures > FAILURES_IN_A_ROW and now >= self._probe_at:
                # Only a probe makes the pause longer, not what was received with the first failures.
                self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)
                self._probe_at = now + self._pause_s
            self._report(now)
            self._give_up_in_time(now)

    def record_success(self) -> None:
        """A document was downloaded and read: the machine works."""
        with self._lock:
            self._failures = 0
            self._report(self.shutdown.now())

    @contextmanager
    def reserve_room(self, name: str, size_bytes: int) -> Iterator[None]:
        """Keep room on the disk for a download, while it lasts.

        Raises RejectedError (`too_large`) for a file that can never fit, UnavailableError (`no_room`) for
        one that does not fit now.
        """
        self.work_root.ensure()
        with self._lock:
            usable_bytes, free_bytes = self._disk()
            floor_bytes = self._disk_floor(usable_bytes)
            if size_bytes > usable_bytes - floor_bytes:
                raise RejectedError(
                    f"{name}: {size_bytes} bytes never fit on the disk of {self.work_root.path.parent}: it "
                    f"has {usable_bytes} and keeps {floor_bytes} free. Set CIS_WORK_DIR to a larger disk and "
                    "upload the file again.",
                    code=Code.TOO_LARGE,
                )
            if size_bytes > free_bytes - floor_bytes - self._reserved_bytes:
                raise UnavailableError(
                    f"{name}: {size_bytes} bytes do not fit on the disk of {self.work_root.path.parent} now "
                    f"({free_bytes} are free, {floor_bytes} are kept free); the file waits for room",
                    code=Code.NO_ROOM,
                )
            self._reserved_bytes += size_bytes
        try:
            yield
        finally:
            with self._lock:
                self._reserved_bytes -= size_bytes

    def verify(self, reported: WorkerError) -> WorkerError:
        """What a fault that a reading process reported becomes, once the document's own files are removed.

        The process is untrusted, and a document that fills the disk by itself does so at each attempt.
        """
        with self._lock:
            shortage = self._find_shortage()
        if shortage:
            return LocalFaultError(f"{reported} ({shortage})")
        if any(self.work_root.path.glob("document-*")):
            return UnavailableError(
                f"{reported}; it waits until the documents beside it have ended", code=Code.NO_ROOM
            )
        return ProcessingError(
            f"{reported}; without this document there is room, so it needs more than this machine has",
            stage="extract",
        )

    def check_kept(self, path: Path, times_created: int) -> None:
        """Raise when a file was removed while it was read: its pages prove nothing.

        LocalFaultError where the whole work folder was; its own process may have removed the file alone.
        """
        if path.exists():
            return
        self.work_root.ensure()
        if self.work_root.times_created != times_created:
            raise LocalFaultError(
                f"{self.work_root.path} was removed while documents were read; they are read again"
            )
        raise ProcessingError(f"{path} was removed while it was read", stage="extract")

    def _find_shortage(self) -> str:
        try:
            if self.work_root.ensure():
                _log.warning("work_folder_recreated", folder=str(self.work_root.path))
            if not os.access(self.work_root.path, os.W_OK | os.X_OK):
                return (
                    f"the work folder {self.work_root.path} is not writable; set CIS_WORK_DIR to another disk"
                )
            usable_bytes, free_bytes = self._disk()
        except LocalFaultError as error:
            return str(error)
        except OSError as error:
            return f"the work folder {self.work_root.path} cannot be examined: {error.strerror}"
        floor_bytes = self._disk_floor(usable_bytes)
        if free_bytes < floor_bytes:
            return (
                f"the disk of {self.work_root.path} has {free_bytes // _MIB} MiB free, below the floor of "
                f"{floor_bytes // _MIB} MiB (CIS_MIN_FREE_DISK_BYTES); free some space"
            )
        memory = self.read_memory()
        if memory is None:
            return ""
        floor_bytes = _floor(self.floors.memory_bytes, memory.total_bytes)
        if memory.available_bytes < floor_bytes:
            return (
                f"{memory.available_bytes // _MIB} MiB of memory are available, below the floor of "
                f"{floor_bytes // _MIB} MiB (CIS_MIN_FREE_MEMORY_BYTES); give the worker more, or fewer slots"
            )
        return ""

    def _disk(self) -> tuple[int, int]:
        """Bytes of the disk that this user could ever use, and those that are free."""
        space = os.statvfs(self.work_root.path)
        # Some free blocks are kept for root.
        usable_blocks = space.f_blocks - (space.f_bfree - space.f_bavail)
        return usable_blocks * space.f_frsize, space.f_bavail * space.f_frsize

    def _disk_floor(self, usable_bytes: int) -> int:
        return _floor(self.floors.disk_bytes, usable_bytes)

    def _report(self, now: float) -> None:
        """Log and count the begin and the end of a pause."""
        self.metrics.local_faults_in_a_row.set(self._failures)
        reason = self.pause_reason
        if reason and self._paused_since is None:
            self._paused_since = now
            self.metrics.receiving_paused.set(1)
            _log.error("receiving_paused", reason=reason)
        elif not reason and self._paused_since is not None:
            _log.info("receiving_resumed", paused_s=round(now - self._paused_since, 1))
            self._paused_since = None
            self.metrics.receiving_paused.set(0)

    def _give_up_in_time(self, now: float) -> None:
        if self._paused_since is None or now - self._paused_since < self.floors.timeout_s:
            return
        if not self.shutdown.is_requested:
            self.shutdown.fail(
                LocalFaultError(
                    f"this worker could not work for {now - self._paused_since:.0f} s: {self.pause_reason}"
                )
            )


def _floor(setting: int | None, total_bytes: int) -> int:
    return min(_DEFAULT_FLOOR_BYTES, total_bytes // 10) if setting is None else setting

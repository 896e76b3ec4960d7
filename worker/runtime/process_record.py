"""What a worker process holds, recorded for the next process on this machine to find after a crash.

Each process has a folder, locked while it lives and removed when it stops: one that is left with its lock
free is of a process that died. A claim is an empty file in it, whose name says everything, so that a kill
leaves no half-written record.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from worker.models.ledger import Claim

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_log = structlog.get_logger(__name__)


def read_boot_id(path: Path = _BOOT_ID) -> str:
    """The kernel's id of this boot of the machine, the same in its containers; empty where there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def records_folder(state_dir: Path) -> Path:
    """Where the records of this user's workers are: below a folder that everybody may write to, as a rule."""
    return state_dir / f"cis-records-{os.geteuid()}"


class ProcessRecord:
    """The claims of this process, and those of dead ones of the same `deployment` and the same boot.

    Without a usable folder nothing is recorded, which is logged once: then deaths are unknown and count for
    nothing.
    """

    def __init__(self, state_dir: Path, *, deployment: str, boot_id: str) -> None:
        self._root = records_folder(state_dir)
        self._deployment = deployment
        self._boot_id = boot_id
        self._guard = threading.Lock()
        self._folder: Path | None = None
        self._lock = -1
        self._is_closed = not boot_id
        with self._guard:
            self._try_open()

    @contextmanager
    def hold(self, claim: Claim) -> Iterator[None]:
        """Record a claim for as long as the block runs."""
        self._add(claim)
        try:
            yield
        finally:
            with self._guard, suppress(OSError):
                if self._folder is not None:
                    (self._folder / _to_name(claim)).unlink()

    def close(self) -> None:
        """Remove the record: from now on the death of this process counts for nothing."""
        with self._guard:
            self._is_closed = True
            self._release()

    def sweep(self, handle: Callable[[Claim], None]) -> None:
        """Call `handle` once for each claim that a dead process held; one that raises is handled again."""
        if self._is_closed:
            return
        with suppress(FileNotFoundError):
            for folder in list(self._root.iterdir()):
                if folder != self._folder:
                    self._sweep_one(folder, handle)

    def _sweep_one(self, folder: Path, handle: Callable[[Claim], None]) -> None:
        deployment, _, boot_id = folder.name.rpartition(".")[0].lstrip(".").partition(".")
        is_ours = deployment == self._deployment and not folder.name.startswith(".")
        if boot_id == self._boot_id and not is_ours:
            return
        lock = _lock(folder)
        if lock is None:
            return
        try:
            # The machine of another boot died, not its process.
            if boot_id == self._boot_id:
                for file in list(folder.iterdir()):
                    if (claim := _to_claim(file.name)) is not None:
                        handle(claim)
                    file.unlink()
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)

    def _add(self, claim: Claim) -> None:
        with self._guard:
            if self._is_closed:
                return
            for _ in range(2):
                try:
                    if self._folder is not None:
                        (self._folder / _to_name(claim)).touch()
                        return
                except FileNotFoundError:
                    # Something cleaned up below the state folder.
                    self._release()
                except OSError as error:
                    self._give_up(error)
                    return
                self._try_open()

    def _try_open(self) -> None:
        """Make and lock the folder of this process."""
        if self._is_closed:
            return
        name = f"{self._deployment}.{self._boot_id}.{uuid.uuid4().hex[:12]}"
        new = self._root / f".{name}"
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_private(self._root)
            new.mkdir(mode=0o700)
            self._lock = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Under its name only when it is locked, or another process would take it for a dead one's.
            self._folder = new.rename(self._root / name)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._is_closed = True
        self._release()
        _log.warning("crash_record_unavailable", folder=str(self._root), reason=str(error))

    def _release(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _check_private(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder of this user alone")


def _lock(folder: Path) -> int | None:
    """The lock of a folder, None while its process is alive."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _to_name(claim: Claim) -> str:
    return f"{claim.file_id}.{claim.fence}.{claim.attempt}"


def _to_claim(name: str) -> Claim | None:
    """The claim that a file's name records, None for a file of another kind."""
    parts = name.split(".")
    if len(parts) != 3 or not parts[1].isdigit():
        return None
    # The death is recorded on fence and attempt; the message is the next attempt's own.
    return Claim(file_id=parts[0], fence=int(parts[1]), attempt=parts[2], message_id="")

"""The worker's private temporary folders, and the removal of those that no worker owns.

A folder is owned by the process that holds the lock on it; the kernel releases the lock when that process
ends, and process ids say nothing across containers. Downloads are on disk. Rendered pages are in memory (a
folder of the same name in /dev/shm) while there is room for them: each is written once, read twice and
removed within seconds.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from worker.errors import LocalFaultError, MisconfiguredError

_PREFIX = "cis-worker-"
# With a process id in front of the random part: the names of earlier versions.
_NAME = re.compile(r"cis-worker-(\d+-)?[a-z0-9_]{8}")
_MEMORY = Path("/dev/shm")  # noqa: S108  (the folder there has a random name and mode 0700)
_TRIES = 20
_LARGEST_PAGE_BYTES = 40 * 1024**2
"""A rendered page has at most 40 million gray pixels of one byte."""


class WorkRoot:
    """This worker's folder below `parent`, from its creation to `remove`.

    Folders that no process owns are removed on creation. `times_created` rises when it is created again.
    Raises MisconfiguredError when nothing can be written there.
    """

    def __init__(self, parent: Path, *, memory: Path = _MEMORY) -> None:
        self._mutex = threading.Lock()
        self.times_created = 1
        try:
            for folder in (*parent.glob(f"{_PREFIX}*"), *memory.glob(f"{_PREFIX}*")):
                if _NAME.fullmatch(folder.name):
                    _remove_unless_owned(folder)
            self.path, self._lock = _create(parent)
        except OSError as error:
            advice = (
                "free some space" if error.errno == errno.ENOSPC else "set CIS_WORK_DIR to a writable folder"
            )
            raise MisconfiguredError(
                f"no temporary folder can be created in {parent}: {error.strerror}; {advice}"
            ) from error
        self._memory = memory
        self._memory_lock: int | None = None
        self._own_memory()

    def ensure(self) -> bool:
        """Create the folder again where it is gone; True when that was necessary.

        Raises LocalFaultError when it cannot be created.
        """
        with self._mutex:
            if not _is_at(self.path, self._lock):
                try:
                    # The folder above may be gone, too, for example after a cleaner of /tmp.
                    self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                    lock = _own(self.path)
                except OSError as error:
                    raise self._fault("cannot be created again", error) from error
                if lock is None:
                    raise LocalFaultError(f"the work folder {self.path} was removed again at once")
                os.close(self._lock)
                self._lock = lock
                self.times_created += 1
                self._own_memory()
                return True
            self._own_memory()
            return False

    def make_document_folder(self) -> Path:
        """Create a folder for one document. Raises LocalFaultError when that is impossible."""
        self.ensure()
        try:
            return Path(tempfile.mkdtemp(prefix="document-", dir=self.path))
        except OSError as error:
            raise self._fault("takes no folder", error) from error

    def remove(self) -> None:
        """Remove the folder, and the one of the same name in memory; the locks are released."""
        remove_work_root(self.path, memory=self._memory)
        for lock in (self._lock, self._memory_lock):
            if lock is not None:
                with suppress(OSError):
                    os.close(lock)
        self._lock, self._memory_lock = -1, None

    def _own_memory(self) -> None:
        folder = self._memory / self.path.name
        if self._memory == self.path.parent or _is_at(folder, self._memory_lock):
            return
        # Without /dev/shm, or without rights there, pages are rendered on disk.
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            lock = _own(folder)
            if self._memory_lock is not None:
                os.close(self._memory_lock)
            self._memory_lock = lock

    def _fault(self, what: str, error: OSError) -> LocalFaultError:
        return LocalFaultError(
            f"the work folder {self.path} {what}: {error.strerror}. Make it writable, free some space, or "
            "set CIS_WORK_DIR to another disk."
        )


def remove_work_root(root: Path, *, memory: Path = _MEMORY) -> None:
    """Remove a worker's folder, and the one of the same name in memory."""
    shutil.rmtree(root, ignore_errors=True)
    if _NAME.fullmatch(root.name):
        shutil.rmtree(memory / root.name, ignore_errors=True)


def picture_folder(document_folder: Path, *, slots: int, memory: Path = _MEMORY) -> Path:
    """Where a document's next page is rendered: in memory if two pages per slot fit there, else on disk."""
    root = memory / document_folder.parent.name
    if not (_NAME.fullmatch(root.name) and root.is_dir()):
        return document_folder
    try:
        space = os.statvfs(root)
        if space.f_bavail * space.f_frsize < 2 * slots * _LARGEST_PAGE_BYTES:
            return document_folder
        folder = root / document_folder.name
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return document_folder
    return folder


def remove_document_folder(folder: Path, *, memory: Path = _MEMORY) -> None:
    """Remove a document's folder, and its rendered pages in memory."""
    shutil.rmtree(folder, ignore_errors=True)
    if _NAME.fullmatch(folder.parent.name):
        shutil.rmtree(memory / folder.parent.name / folder.name, ignore_errors=True)


def _create(parent: Path) -> tuple[Path, int]:
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _own(folder)
        if lock is not None:
            return folder, lock
    raise OSError(errno.EAGAIN, "other workers removed it at once", str(parent))


def _own(folder: Path) -> int | None:
    """Lock a folder of ours; None when another worker's start removed it before it was locked.

    Raises PermissionError for a folder of another user, who may have created one of the known name.
    """
    try:
        descriptor = _open(folder)
    except FileNotFoundError:
        return None
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "it belongs to another user", str(folder))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = _is_at(folder, descriptor)
        except BlockingIOError:
            is_ours = False
        except OSError:
            # A file system without locks: nobody can take this one either, and so nobody removes it.
            is_ours = True
    except OSError:
        os.close(descriptor)
        raise
    if is_ours:
        return descriptor
    os.close(descriptor)
    return None


def _remove_unless_owned(folder: Path) -> None:
    try:
        descriptor = _open(folder)
    except OSError:
        return  # of another user
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Under its lock, so that a worker that has just created it finds it removed, and creates another.
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _is_at(folder: Path, descriptor: int | None) -> bool:
    """Whether the open folder is still the one at this path."""
    if descriptor is None:
        return False
    try:
        there, ours = folder.lstat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

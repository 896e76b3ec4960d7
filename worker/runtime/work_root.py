"""The worker's private temporary folders, and the removal of those of dead workers.

Downloads are on disk. Rendered pages are in memory (a folder of the same name in /dev/shm) while there is
room for them: each is written once, read twice and removed within seconds.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from worker.errors import MisconfiguredError

_NAME = re.compile(r"cis-worker-(\d+)-")
_MEMORY = Path("/dev/shm")  # noqa: S108  (the folder there has a random name and mode 0700)
_LARGEST_PAGE_BYTES = 40 * 1024**2
"""A rendered page has at most 40 million gray pixels of one byte."""


def make_work_root(parent: Path, *, memory: Path = _MEMORY) -> Path:
    """Create this process's folder below `parent`; folders of processes that have ended are removed.

    Raises MisconfiguredError when nothing can be written there.
    """
    try:
        for folder in (*parent.glob("cis-worker-*"), *memory.glob("cis-worker-*")):
            owner = _NAME.match(folder.name)
            # In a container every worker has the same process ID: a folder with ours is a predecessor's.
            if owner and (int(owner[1]) == os.getpid() or not _is_alive(int(owner[1]))):
                shutil.rmtree(folder, ignore_errors=True)
        root = Path(tempfile.mkdtemp(prefix=f"cis-worker-{os.getpid()}-", dir=parent))
        # Without /dev/shm, or without rights there, pages are rendered on disk.
        with suppress(OSError):
            (memory / root.name).mkdir(mode=0o700)
        return root
    except OSError as error:
        advice = "free some space" if error.errno == errno.ENOSPC else "set CIS_WORK_DIR to a writable folder"
        raise MisconfiguredError(
            f"no temporary folder can be created in {parent}: {error.strerror}; {advice}"
        ) from error


def remove_work_root(root: Path, *, memory: Path = _MEMORY) -> None:
    """Remove a worker's folder, and the one of the same name in memory."""
    shutil.rmtree(root, ignore_errors=True)
    if _NAME.match(root.name):
        shutil.rmtree(memory / root.name, ignore_errors=True)


def picture_folder(document_folder: Path, *, slots: int, memory: Path = _MEMORY) -> Path:
    """Where a document's next page is rendered: in memory if two pages per slot fit there, else on disk."""
    root = memory / document_folder.parent.name
    if not (_NAME.match(root.name) and root.is_dir()):
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
    if _NAME.match(folder.parent.name):
        shutil.rmtree(memory / folder.parent.name / folder.name, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # a process of another user
    return True

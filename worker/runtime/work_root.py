"""The worker's private temporary folders, and the removal of those that dead workers left.

Downloads lie on the disk. Drawn pages, each of which is written once, read twice and removed within
seconds, lie in memory (a folder of the same name in /dev/shm) while there is room for them.
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
_MEMORY = Path("/dev/shm")  # noqa: S108  (the folder made there has a random name and is its maker's alone)
_LARGEST_PAGE_BYTES = 40 * 1024**2
"""A drawn page has at most 40 million grey pixels."""


def make_work_root(parent: Path, *, memory: Path = _MEMORY) -> Path:
    """Make this process's folder below `parent`; folders of processes that are gone are removed.

    Raises MisconfiguredError when nothing can be written there.
    """
    try:
        for folder in (*parent.glob("cis-worker-*"), *memory.glob("cis-worker-*")):
            owner = _NAME.match(folder.name)
            # In a container every worker has the same number: what bears ours is of one before us.
            if owner and (int(owner[1]) == os.getpid() or not _alive(int(owner[1]))):
                shutil.rmtree(folder, ignore_errors=True)
        root = Path(tempfile.mkdtemp(prefix=f"cis-worker-{os.getpid()}-", dir=parent))
        with suppress(OSError):
            (memory / root.name).mkdir(mode=0o700)
        return root
    except OSError as error:
        advice = (
            "free some space" if error.errno == errno.ENOSPC else "set CIS_WORK_DIR to a folder you may write"
        )
        raise MisconfiguredError(
            f"no temporary folder can be made in {parent}: {error.strerror}; {advice}"
        ) from error


def remove_work_root(root: Path, *, memory: Path = _MEMORY) -> None:
    """Remove a worker's folder, and the one of the same name in memory."""
    shutil.rmtree(root, ignore_errors=True)
    if _NAME.match(root.name):
        shutil.rmtree(memory / root.name, ignore_errors=True)


def picture_folder(document_folder: Path, *, slots: int, memory: Path = _MEMORY) -> Path:
    """Where a document's next page is drawn: in memory while two a slot fit there, else in its folder."""
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
    """Remove a document's folder, and its drawn pages wherever they are."""
    shutil.rmtree(folder, ignore_errors=True)
    if _NAME.match(folder.parent.name):
        shutil.rmtree(memory / folder.parent.name / folder.name, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

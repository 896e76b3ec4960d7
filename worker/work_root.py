"""The worker's private temporary folder, and the removal of those that dead workers left."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from pathlib import Path

from worker.errors import MisconfiguredError

_NAME = re.compile(r"cis-worker-(\d+)-")


def make_work_root(parent: Path) -> Path:
    """Make this process's folder below `parent`; folders of processes that are gone are removed.

    Raises MisconfiguredError when nothing can be written there.
    """
    try:
        for folder in parent.glob("cis-worker-*"):
            owner = _NAME.match(folder.name)
            # In a container every worker has the same number: what bears ours is of one before us.
            if owner and (int(owner[1]) == os.getpid() or not _alive(int(owner[1]))):
                shutil.rmtree(folder, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f"cis-worker-{os.getpid()}-", dir=parent))
    except OSError as error:
        advice = (
            "free some space" if error.errno == errno.ENOSPC else "set CIS_WORK_DIR to a folder you may write"
        )
        raise MisconfiguredError(
            f"no temporary folder can be made in {parent}: {error.strerror}; {advice}"
        ) from error


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

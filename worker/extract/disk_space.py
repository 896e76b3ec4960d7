"""Full disks: then the file is not damaged, and is read again when there is space."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

_MIN_FREE_BYTES = 4 * 1024**2
_FULL = (errno.ENOSPC, errno.EDQUOT)


def full_disk(folder: Path) -> OSError | None:
    """The system's error where hardly anything can be written into the folder, else None.

    It is the cause of a failed program, which does not say why it wrote nothing. Ask before the program's
    output is removed, which frees the space.
    """
    if shutil.disk_usage(folder).free >= _MIN_FREE_BYTES:
        return None
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one of its causes, is that of a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False

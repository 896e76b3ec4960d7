"""Whether a full disk is to blame: then the file is not, and is read again when there is room.

What was written until the disk was full is removed with the failure, so it is asked before that, or told by
the error that the system gave.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

_LEAST_FREE_BYTES = 4 * 1024**2
_FULL = (errno.ENOSPC, errno.EDQUOT)


def full_disk(folder: Path) -> OSError | None:
    """The error of the system where hardly anything can be written into the folder, None where it can.

    It is the cause to name for the failure of a program, which does not say why it wrote nothing.
    """
    if shutil.disk_usage(folder).free >= _LEAST_FREE_BYTES:
        return None
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def tells_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, says that a disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False

"""Which errors are a fault of this machine, whatever the document."""

from __future__ import annotations

import errno

from worker.errors import LocalFaultError

# Others (EACCES, ENOENT) are faults of this machine only where they concern the work folder.
_LOCAL_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO}
)


def to_local_fault(error: BaseException) -> LocalFaultError | None:
    """The fault of this machine that an error is, or was caused by; None when there is none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LocalFaultError):
            return cause
        if isinstance(cause, OSError) and cause.errno in _LOCAL_ERRNOS:
            return LocalFaultError(f"this machine cannot work now: {cause.strerror} ({error})")
        cause = cause.__cause__ or cause.__context__
    return None

"""Which objects are not downloaded: empty, too large, archived."""

from __future__ import annotations

from worker.errors import Code, RejectedError
from worker.models.file import ObjectVersion


def require_readable(name: str, version: ObjectVersion, *, max_bytes: int) -> None:
    """Raise RejectedError for a version that cannot or must not be downloaded."""
    if version.size_bytes == 0:
        raise RejectedError(f"{name}: the file is empty", code=Code.EMPTY)
    if version.size_bytes > max_bytes:
        raise RejectedError(
            f"{name}: {version.size_bytes} bytes are over the limit of {max_bytes} (CIS_MAX_FILE_BYTES)",
            code=Code.TOO_LARGE,
        )
    if version.is_archived:
        raise RejectedError(
            f"{name}: the object is archived; restore it if its text is wanted", code=Code.ARCHIVED
        )

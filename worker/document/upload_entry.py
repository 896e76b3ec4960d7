"""UploadEntry: one entry in the queue of background uploads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from worker.aws.buckets.file_upload import FileUpload, StoredFile
from worker.document.spool import remove


class UploadState(Enum):
    """The state of an entry; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    SAVED = "saved"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(kw_only=True, slots=True, eq=False)
class UploadEntry:
    """Files that are left to upload, and what may only follow them."""

    files: tuple[StoredFile, ...]
    after: Callable[[], None] | None = None
    state: UploadState = UploadState.WAITING
    error: Exception | None = None
    upload: FileUpload | None = None
    tries: int = 0
    is_cancelled: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in (UploadState.WAITING, UploadState.RUNNING)

    @property
    def name(self) -> str:
        """The key of the object that is uploaded next, for messages."""
        return self.files[0].key if self.files else "an upload"

    def clean_up(self) -> None:
        """Remove files, and parts of an object, that are left of an entry that is over. Calls S3."""
        upload, self.upload = self.upload, None
        if upload is not None:
            upload.abort()
        files, self.files = self.files, ()
        for file in files:
            remove(file)

"""UploadEntry: one entry in the queue of background uploads."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from enum import Enum

from worker.aws.buckets.file_upload import FileUpload, StoredFile
from worker.document.uploads.spool import remove


class UploadState(Enum):
    """The state of an entry; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    SAVED = "saved"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(kw_only=True, slots=True, eq=False)
class UploadEntry:
    """Files that are left to upload, and what may only follow them.

    It is run in `context`, so that its calls are counted for its document, whichever thread makes them.
    """

    files: tuple[StoredFile, ...]
    after: Callable[[], None] | None = None
    state: UploadState = UploadState.WAITING
    error: Exception | None = None
    upload: FileUpload | None = None
    tries: int = 0
    is_cancelled: bool = False
    context: Context = field(default_factory=copy_context)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in (UploadState.WAITING, UploadState.RUNNING)

    @property
    def name(self) -> str:
        """The key of the object that is uploaded next, for messages."""
        return self.files[0].key if self.files else "an upload"

    def clean_up(self, *, is_stopping: bool = False) -> None:
        """Remove the files of an entry that is over, and from S3 the parts of an object begun.

        A worker that stops has no time for the latter: a rule of the bucket removes them.
        """
        upload, self.upload = self.upload, None
        if upload is not None and not is_stopping:
            upload.abort()
        files, self.files = self.files, ()
        for file in files:
            remove(file)

"""Keeps the result of each file in the home (artifact, manifest) and reports it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from worker.embedded.resource_names import SOURCE_BUCKET
from worker.errors import Code
from worker.home.file_walk import display
from worker.home.folder import Home
from worker.home.made_with import entry_made_with
from worker.home.manifest import Manifest, ManifestEntry
from worker.home.plan import Task, read_failure
from worker.home.result import Result, from_document, from_row
from worker.index.search_index import SearchIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.metadata import FileMetadata, epoch_time

if TYPE_CHECKING:
    # Importing boto3 would cost a plan more than the plan.
    from worker.aws.ledger_row import FileRow
    from worker.aws.storage_handler import StorageHandler

_WITHOUT_DOCUMENT = (State.DEAD_LETTERED, State.TOMBSTONED)
_NOT_INDEXED = "its text was extracted, but the index could not be written: run the command again"


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestProgress:
    """How far a run is: files that are done of all it has to do, pages, messages in the queue.

    `share` (0..1) is of the bytes to read: by files, a run that reads the small ones first would seem done
    before its first scan is. `current_s` is how long the file `current` has been read.
    """

    done: int
    total: int
    pages: int
    queued: int
    share: float = 0.0
    current: str = ""
    current_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """Callbacks for results, for ignored paths (path, why), and for the progress.

    `on_work` is called once, before anything is started for files that must be read.
    """

    on_result: Callable[[Result], None]
    on_note: Callable[[str, str], None]
    on_progress: Callable[[IngestProgress], None]
    on_work: Callable[[], None] = lambda: None


@dataclass(kw_only=True, slots=True, eq=False)
class ResultKeeper:
    """Keeps results; `done` counts them, `pages` the pages of the documents among them."""

    home: Home
    manifest: Manifest
    index: SearchIndex
    storage: StorageHandler
    listener: Listener
    made_with: str
    done: int = 0
    pages: int = 0

    def keep(self, task: Task, row: FileRow, *, sha256: str, seconds: float) -> None:
        """Keep the result of one file by its ledger row; `sha256` is what was uploaded."""
        path = display(task.path)
        if row.content_hash:
            self.home.collect(self.storage, row.content_hash)
        if row.index_pending:
            # Without an entry in the manifest the next run processes it again, from the artifact.
            self.report(read_failure(task.path, _NOT_INDEXED))
            return
        document = None if row.state in _WITHOUT_DOCUMENT else self.index.document(row.file_id)
        self._record(
            task,
            sha256=row.content_hash or sha256,
            state=row.state,
            reason=row.reason,
            # The reason of a list sums it up, and may be of another cause than what is in it.
            codes=row.unread.counts.keys() or {row.reason or ""},
            vectors_pending=row.vectors_pending,
        )
        self.pages += row.pages
        if document is None:
            self.report(from_row(row, path=path, seconds=seconds))
        else:
            self.report(from_document(document, path=path, seconds=seconds))

    def keep_too_large(self, task: Task, *, limit: int, version: int) -> None:
        """Index by name a file that a worker would reject by its size; moto would hold it in memory."""
        path = display(task.path)
        document = Document(
            file_id=task.file_id,
            bucket=SOURCE_BUCKET,
            key=task.key,
            file_name=Path(path).name,
            file_path=path,
            size_bytes=task.size_bytes,
            file_type=FileType.UNSUPPORTED,
            state=State.NO_CONTENT,
            reason=Code.TOO_LARGE.value,
            reason_message=f"{task.size_bytes} bytes are over the limit of {limit} (CIS_MAX_FILE_BYTES)",
            metadata=FileMetadata(last_modified=epoch_time(task.mtime_ns / 1e9)),
        )
        self.index.index_document(document, version=version)
        self._record(
            task, sha256="", state=document.state, reason=document.reason, codes={Code.TOO_LARGE.value}
        )
        self.report(from_document(document, path=path))

    def report(self, result: Result) -> None:
        """Count a result and pass it to the listener."""
        self.done += 1
        self.listener.on_result(result)

    def _record(
        self,
        task: Task,
        *,
        sha256: str,
        state: State,
        reason: str | None,
        codes: Collection[str],
        vectors_pending: bool = False,
    ) -> None:
        if state is State.TOMBSTONED:
            self.manifest.remove(task.path)
        else:
            self.manifest.put(
                ManifestEntry(
                    path=task.path,
                    file_id=task.file_id,
                    size_bytes=task.size_bytes,
                    mtime_ns=task.mtime_ns,
                    sha256=sha256,
                    made_with=entry_made_with(self.made_with, codes),
                    state=state,
                    reason=reason,
                    vectors_pending=vectors_pending,
                )
            )
        # The content that the path had before; another path may still have it.
        if task.entry and task.entry.sha256 and not self.manifest.has_content(task.entry.sha256):
            self.home.forget(task.entry.sha256)

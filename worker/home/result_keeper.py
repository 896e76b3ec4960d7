"""Keeping what came of files in the home, and telling of it: artifact, manifest, result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from worker.aws.ledger_row import FileRow
from worker.aws.storage_handler import StorageHandler
from worker.embedded.stack import SOURCE_BUCKET
from worker.errors import Code
from worker.home.file_walk import display
from worker.home.folder import Home
from worker.home.manifest import Entry, Manifest
from worker.home.plan import Task, failed
from worker.home.result import Result, from_document, from_row
from worker.index.search_index import SearchIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State

_WITHOUT_DOCUMENT = (State.DEAD_LETTERED, State.TOMBSTONED)
_NOT_INDEXED = "it was read, but the index could not be written: run the command again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the run is: files that are done of those it is to do, recognised and read pages, messages."""

    done: int
    total: int
    pages: int
    queued: int
    current: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """Who hears of results, of things left out (path, why), and of the progress."""

    on_result: Callable[[Result], None]
    on_note: Callable[[str, str], None]
    on_progress: Callable[[Progress], None]


@dataclass(kw_only=True, slots=True, eq=False)
class ResultKeeper:
    """Keeps results; `done` counts them, `pages` the pages of what a worker read."""

    home: Home
    manifest: Manifest
    index: SearchIndex
    storage: StorageHandler
    listener: Listener
    made_with: str
    done: int = 0
    pages: int = 0

    def keep(self, task: Task, row: FileRow, *, sha256: str, seconds: float) -> None:
        """Keep the end of one file, as its row tells it; `sha256` is what was uploaded."""
        path = display(task.path)
        if row.content_hash:
            self.home.take(self.storage, row.content_hash)
        if row.index_pending:
            # Without an entry in the manifest the next run works it again; what was read is kept for it.
            self.tell(failed(task.path, _NOT_INDEXED))
            return
        known = row.state not in _WITHOUT_DOCUMENT
        document = self.index.document(row.file_id) if known else None
        self._record(
            task,
            sha256=row.content_hash or sha256,
            state=row.state,
            reason=row.reason,
            vectors_pending=row.vectors_pending,
        )
        self.pages += row.pages
        if document is None:
            self.tell(from_row(row, path=path, seconds=seconds))
        else:
            self.tell(from_document(document, path=path, seconds=seconds))

    def keep_too_large(self, task: Task, *, limit: int, version: int) -> None:
        """Index by name what a worker would refuse by its size, without moto holding it in memory."""
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
        )
        self.index.index_document(document, version=version)
        self._record(task, sha256="", state=document.state, reason=document.reason)
        self.tell(from_document(document, path=path))

    def tell(self, result: Result) -> None:
        """Count a result and let it be heard."""
        self.done += 1
        self.listener.on_result(result)

    def _record(
        self, task: Task, *, sha256: str, state: State, reason: str | None, vectors_pending: bool = False
    ) -> None:
        if state is State.TOMBSTONED:
            self.manifest.remove(task.path)
        else:
            self.manifest.put(
                Entry(
                    path=task.path,
                    file_id=task.file_id,
                    size_bytes=task.size_bytes,
                    mtime_ns=task.mtime_ns,
                    sha256=sha256,
                    made_with=self.made_with,
                    state=state,
                    reason=reason,
                    vectors_pending=vectors_pending,
                )
            )
        if task.entry and task.entry.sha256 and not self.manifest.holds(task.entry.sha256):
            self.home.forget(task.entry.sha256)

"""Feeding one worker with files of a user's own, and keeping what comes of each.

At most 50 messages are queued. A file is kept (artifact, manifest) as soon as its ledger row reached an
end. Its source object goes later, when its message surely is gone: a redelivered message that found no
object would take the file out of the index again.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.errors import Code, JobInterrupted
from worker.index.schema import SearchIndex
from worker.local.home.file_walk import FoundFile, display, look
from worker.local.home.folder import Home
from worker.local.home.manifest import Entry, Manifest
from worker.local.home.plan import Task, failed, sha256_of
from worker.local.home.result import Result, from_document, from_row
from worker.local.home.worker_keeper import WorkerKeeper
from worker.local.stack import SOURCE_BUCKET
from worker.models import Document, EventType, FileMessage, FileType, State

_LOOK_S = 0.2
_MOST_QUEUED = 50
_MOST_QUEUED_BYTES = 256 * 1024**2
_SENT_A_ROUND = 10
_LOST_ROUNDS = 25
_END_STATES_WITHOUT_DOCUMENT = (State.DEAD_LETTERED, State.TOMBSTONED)


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


@dataclass(kw_only=True, slots=True)
class _Sent:
    task: Task
    sha256: str
    sent_at: float
    begun_at: float | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class IngestRun:
    """One run. `fence` is what the ledger counts on from; `made_with` goes into the manifest.

    `stop` may raise JobInterrupted; `look_every_s` is the time between two looks at the ledger.
    """

    home: Home
    manifest: Manifest
    index: SearchIndex
    storage: StorageHandler
    queue: QueueManager
    table: FileTable
    worker: WorkerKeeper
    listener: Listener
    made_with: str
    max_file_bytes: int
    fence: int
    stop: Callable[[], None]
    look_every_s: float = _LOOK_S
    left: int = 0
    _sent: dict[str, _Sent] = field(default_factory=dict)
    _finished_keys: list[str] = field(default_factory=list)
    _waiting: deque[Task] = field(default_factory=deque)
    _done: int = 0
    _pages: int = 0
    _rounds_without_messages: int = 0
    _looked_at: float = 0.0
    _pause: threading.Event = field(default_factory=threading.Event)

    def run(self, tasks: Iterable[Task]) -> None:
        """Work the tasks to their end; `left` counts those that did not get there.

        Raises JobInterrupted when `stop` did, with everything kept that was finished.
        """
        self._waiting.extend(tasks)
        try:
            with self.worker:
                while self._waiting or self._sent:
                    self.stop()
                    self.worker.check()
                    self._feed()
                    self._collect()
                    self._pause.wait(self.look_every_s)
        except JobInterrupted:
            # The worker had its time to finish what it had in hand.
            self._collect()
            raise
        finally:
            self.left = len(self._waiting) + len(self._sent)

    def _feed(self) -> None:
        for _ in range(_SENT_A_ROUND):
            if not self._waiting or not self._has_room(self._waiting[0]):
                return
            self._send(self._waiting[0])
            self._waiting.popleft()

    def _has_room(self, task: Task) -> bool:
        queued_bytes = sum(sent.task.size_bytes for sent in self._sent.values())
        fits = queued_bytes + task.size_bytes <= _MOST_QUEUED_BYTES
        return not self._sent or (len(self._sent) < _MOST_QUEUED and fits)

    def _send(self, task: Task) -> None:
        event = EventType.FILE_DELETED if task.gone else EventType.FILE_UPLOADED
        file = FileMessage(event_type=event, bucket=SOURCE_BUCKET, key=task.key)
        sha256 = ""
        if not task.gone:
            found = look(task.path)
            if not isinstance(found, FoundFile):
                self._tell(failed(task.path, found.message))
                return
            # What is recorded is what was there before the content was read: a later change shows.
            task = Task(
                path=task.path, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns, entry=task.entry
            )
            if task.size_bytes > self.max_file_bytes:
                self._record_too_large(task)
                return
            try:
                sha256 = self._upload(task)
            except OSError as error:
                self._tell(failed(task.path, error.strerror or "it cannot be read"))
                return
        if self.fence:
            self.table.seed(file, fence=self.fence)
        self.queue.send(_body(event, task))
        self._sent[task.file_id] = _Sent(task=task, sha256=sha256, sent_at=time.monotonic())

    def _upload(self, task: Task) -> str:
        sha256 = sha256_of(task.path, self.stop)
        self.home.seed(self.storage, sha256)
        self.storage.upload(SOURCE_BUCKET, task.key, Path(task.path))
        return sha256

    def _collect(self) -> None:
        """Keep what is finished. The depth is read first: it proves which messages are gone."""
        depth = self.queue.depth()
        messages = depth.visible + depth.in_flight + depth.delayed
        rows = self.table.read_many(self._sent) if self._sent else {}
        now = time.monotonic()
        for file_id, row in rows.items():
            sent = self._sent[file_id]
            if row.finished:
                del self._sent[file_id]
                self._finish(sent, row, now)
            elif row.owner is not None and sent.begun_at is None:
                sent.begun_at = now
        self._looked_at = now
        if messages <= len(self._sent):
            self._remove_objects()
        lost = bool(self._sent) and not messages
        self._rounds_without_messages = self._rounds_without_messages + 1 if lost else 0
        if self._rounds_without_messages > _LOST_ROUNDS:
            self._give_up_lost()
        self._report(messages)

    def _finish(self, sent: _Sent, row: FileRow, now: float) -> None:
        task = sent.task
        path = display(task.path)
        # What was begun and ended between two looks took less than the time between them.
        seconds = now - (sent.begun_at or max(sent.sent_at, self._looked_at))
        self._finished_keys.append(task.key)
        if row.content_hash:
            self.home.take(self.storage, row.content_hash)
        known = row.state not in _END_STATES_WITHOUT_DOCUMENT
        document = self.index.document(row.file_id) if known else None
        self._record(
            task,
            sha256=row.content_hash or sent.sha256,
            state=row.state,
            reason=row.reason,
            vectors_pending=row.vectors_pending,
        )
        self._pages += row.pages
        if document is None:
            self._tell(from_row(row, path=path, seconds=seconds))
        else:
            self._tell(from_document(document, path=path, seconds=seconds))

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

    def _record_too_large(self, task: Task) -> None:
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
            reason_message=f"{task.size_bytes} bytes are over the limit of {self.max_file_bytes} "
            "(CIS_MAX_FILE_BYTES)",
        )
        self.index.index_document(document, version=self.fence + 1)
        self._record(task, sha256="", state=document.state, reason=document.reason)
        self._tell(from_document(document, path=path))

    def _remove_objects(self) -> None:
        for key in self._finished_keys:
            self.storage.delete(SOURCE_BUCKET, key)
        self._finished_keys.clear()

    def _give_up_lost(self) -> None:
        """A message that is gone without an end in the ledger was no message to the worker."""
        for file_id, sent in self._sent.items():
            row = FileRow(
                file_id=file_id, fence=0, state=State.DEAD_LETTERED, reason=Code.MALFORMED_MESSAGE.value
            )
            self._finish(sent, row, time.monotonic())
        self._sent.clear()

    def _tell(self, result: Result) -> None:
        self._done += 1
        self.listener.on_result(result)

    def _report(self, messages: int) -> None:
        begun = [sent for sent in self._sent.values() if sent.begun_at is not None]
        recognised = sum(self.worker.ocr_pages[file_id] for file_id in self._sent)
        self.listener.on_progress(
            Progress(
                done=self._done,
                total=self._done + len(self._sent) + len(self._waiting),
                pages=self._pages + recognised,
                queued=messages,
                current=Path(display(begun[0].task.path)).name if begun else "",
            )
        )


def _body(event: EventType, task: Task) -> str:
    return json.dumps(
        {
            "eventType": event.value,
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": task.key,
            "fileSize": task.size_bytes,
            "metadata": {"originalPath": display(task.path)},
        }
    )

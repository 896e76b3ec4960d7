"""Feeding one worker with files of a user's own, and keeping what comes of each.

At most 50 messages are queued. A file is kept (artifact, manifest) as soon as its ledger row reached an
end and nothing is pending of it. Its source object goes later, when its message surely is gone: a
redelivered message that found no object would take the file out of the index again. For the same reason
what stays pending to the end is kept only when the worker has stopped: its replayer needs the artifact.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.embedded.stack import SOURCE_BUCKET
from worker.errors import Code, JobInterrupted
from worker.home.file_walk import FoundFile, display, look
from worker.home.folder import Home
from worker.home.manifest import Manifest
from worker.home.plan import Task, failed, sha256_of
from worker.home.result_keeper import Listener, Progress, ResultKeeper
from worker.home.worker_keeper import WorkerKeeper
from worker.index.search_index import SearchIndex
from worker.models.file import EventType, FileMessage
from worker.models.ledger import State

_LOOK_S = 0.2
_MOST_QUEUED = 50
_MOST_QUEUED_BYTES = 256 * 1024**2
_SENT_A_ROUND = 10
_LOST_ROUNDS = 25
_ROWS_A_READ = 100
_FILLED_WITHIN_S = 60.0


@dataclass(kw_only=True, slots=True)
class _Sent:
    task: Task
    sha256: str
    sent_at: float
    begun_at: float | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class IngestRun:
    """One run. `fence` is what the ledger counts on from; `made_with` goes into the manifest.

    `stop` may raise JobInterrupted; `look_every_s` is the time between two looks at the ledger, and
    `filled_within_s` how long nothing but pending files may go without one that is filled.
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
    filled_within_s: float = _FILLED_WITHIN_S
    left: int = 0
    _keeper: ResultKeeper = field(init=False)
    _sent: dict[str, _Sent] = field(default_factory=dict)
    _pending: dict[str, _Sent] = field(default_factory=dict)
    _finished_keys: list[str] = field(default_factory=list)
    _waiting: deque[Task] = field(default_factory=deque)
    _rounds_without_messages: int = 0
    _looked_at: float = 0.0
    _patient_until: float = 0.0
    _pause: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Make what keeps the results."""
        self._keeper = ResultKeeper(
            home=self.home,
            manifest=self.manifest,
            index=self.index,
            storage=self.storage,
            listener=self.listener,
            made_with=self.made_with,
        )

    def run(self, tasks: Iterable[Task]) -> None:
        """Work the tasks to their end; `left` counts those that did not get there.

        Raises JobInterrupted when `stop` did, with everything kept that was finished.
        """
        self._waiting.extend(tasks)
        try:
            with self.worker:
                while self._waiting or self._sent or self._may_be_filled():
                    self.stop()
                    self.worker.check()
                    self._feed()
                    self._collect()
                    self._pause.wait(self.look_every_s)
        except JobInterrupted:
            # The worker had its time to finish what it had in hand.
            self._collect()
            self._keep_pending()
            raise
        else:
            self._keep_pending()
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
                self._keeper.tell(failed(task.path, found.message))
                return
            # What is recorded is what was there before the content was read: a later change shows.
            task = Task(
                path=task.path, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns, entry=task.entry
            )
            if task.size_bytes > self.max_file_bytes:
                self._keeper.keep_too_large(task, limit=self.max_file_bytes, version=self.fence + 1)
                return
            try:
                sha256 = self._upload(task)
            except OSError as error:
                self._keeper.tell(failed(task.path, error.strerror or "it cannot be read"))
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
            if row.pending:
                self._pending[file_id] = self._sent.pop(file_id)
            elif row.is_finished:
                del self._sent[file_id]
                self._finish(sent, row, now)
            elif row.owner is not None and sent.begun_at is None:
                sent.begun_at = now
        self._collect_pending(now)
        if self._waiting or self._sent:
            self._patient_until = now + self.filled_within_s
        self._looked_at = now
        if messages <= len(self._sent):
            self._remove_objects()
        lost = bool(self._sent) and not messages
        self._rounds_without_messages = self._rounds_without_messages + 1 if lost else 0
        if self._rounds_without_messages > _LOST_ROUNDS:
            self._give_up_lost()
        self._report(messages)

    def _collect_pending(self, now: float) -> None:
        """Keep what the worker's replayer has filled; the others are looked at again in turn."""
        file_ids = list(islice(self._pending, _ROWS_A_READ))
        rows = self.table.read_many(file_ids) if file_ids else {}
        for file_id in file_ids:
            sent, row = self._pending.pop(file_id), rows.get(file_id)
            if row is None or row.pending or not row.is_finished:
                self._pending[file_id] = sent
            else:
                self._patient_until = now + self.filled_within_s
                self._finish(sent, row, now)

    def _may_be_filled(self) -> bool:
        return bool(self._pending) and time.monotonic() < self._patient_until

    def _keep_pending(self) -> None:
        """What nobody filled in time is kept as it is; the next run makes it anew."""
        while self._pending:
            file_ids = list(islice(self._pending, _ROWS_A_READ))
            rows = self.table.read_many(file_ids)
            for file_id in file_ids:
                sent, row = self._pending.pop(file_id), rows.get(file_id)
                if row is None:
                    self._keeper.tell(failed(sent.task.path, "the ledger does not tell what became of it"))
                else:
                    self._finish(sent, row, time.monotonic())

    def _finish(self, sent: _Sent, row: FileRow, now: float) -> None:
        # What was begun and ended between two looks took less than the time between them.
        seconds = now - (sent.begun_at or max(sent.sent_at, self._looked_at))
        self._finished_keys.append(sent.task.key)
        self._keeper.keep(sent.task, row, sha256=sent.sha256, seconds=seconds)

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

    def _report(self, messages: int) -> None:
        begun = [sent for sent in self._sent.values() if sent.begun_at is not None]
        recognised = sum(self.worker.ocr_pages[file_id] for file_id in self._sent)
        self.listener.on_progress(
            Progress(
                done=self._keeper.done,
                total=self._keeper.done + len(self._sent) + len(self._pending) + len(self._waiting),
                pages=self._keeper.pages + recognised,
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

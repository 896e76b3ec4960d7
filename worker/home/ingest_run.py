"""Sends files of a user to one worker, and keeps the result of each.

A result is kept (artifact, manifest) as soon as the ledger row of the file reached an end state and nothing
of it is pending.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from worker.aws.buckets.object_metadata import MODIFIED
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.errors import Code, JobInterrupted
from worker.home.file_walk import FoundFile, display, examine
from worker.home.folder import Home
from worker.home.manifest import Manifest
from worker.home.plan import Task, file_sha256, read_failure
from worker.home.result_keeper import IngestProgress, Listener, ResultKeeper
from worker.home.transfer.checkpoints import KeptCheckpoints
from worker.home.worker_keeper import WorkerKeeper
from worker.index.search_index import SearchIndex
from worker.models.file import EventType, FileMessage
from worker.models.ledger import State
from worker.models.metadata import epoch_time

_POLL_INTERVAL_S = 0.2
# moto slows down with the depth of a queue, and keeps objects in memory.
_MAX_QUEUED = 50
_MAX_QUEUED_BYTES = 256 * 1024**2
_MAX_SENT_PER_ROUND = 10
_LOST_ROUNDS = 25
"""Rounds (5 s) with an empty queue after which unfinished files count as lost; a depth is approximate."""
_ROWS_PER_READ = 100
"""The limit of BatchGetItem."""
_PENDING_TIMEOUT_S = 60.0


@dataclass(kw_only=True, slots=True)
class _InFlight:
    task: Task
    sha256: str
    sent_at: float
    started_at: float | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class IngestRun:
    """One run. The ledger counts fences from `fence`; `made_with` goes into the manifest.

    `stop` may raise JobInterrupted. `interval_s` is the time between two reads of the ledger,
    `pending_timeout_s` how long a run goes on with nothing but pending files while none of them is filled.
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
    interval_s: float = _POLL_INTERVAL_S
    pending_timeout_s: float = _PENDING_TIMEOUT_S
    left: int = 0
    _keeper: ResultKeeper = field(init=False)
    _checkpoints: KeptCheckpoints = field(init=False)
    _sent: dict[str, _InFlight] = field(default_factory=dict)
    _pending: dict[str, _InFlight] = field(default_factory=dict)
    _finished_keys: list[str] = field(default_factory=list)
    _waiting: deque[Task] = field(default_factory=deque)
    _rounds_without_messages: int = 0
    _last_read_at: float = 0.0
    _pending_deadline: float = 0.0
    _weight: int = 0
    _waiting_weight: int = 0

    def __post_init__(self) -> None:
        """Build what keeps results and checkpoints."""
        self._checkpoints = KeptCheckpoints(self.home, self.storage)
        self._keeper = ResultKeeper(
            home=self.home,
            manifest=self.manifest,
            index=self.index,
            storage=self.storage,
            listener=self.listener,
            made_with=self.made_with,
        )

    @property
    def pages_kept(self) -> int:
        """The pages of unfinished files that the next run need not read again."""
        return self._checkpoints.pages

    def run(self, tasks: Iterable[Task]) -> None:
        """Process the tasks; `left` counts those without a result afterwards.

        Raises JobInterrupted when `stop` did, with everything kept that was finished.
        """
        # The small ones first: they are found while a scan is still read. What is gone costs nothing.
        self._waiting.extend(sorted(tasks, key=lambda task: task.size_bytes))
        self._checkpoints.sweep()
        self._weight = self._waiting_weight = sum(task.weight for task in self._waiting)
        try:
            with self.worker:
                while self._waiting or self._sent or self._is_waiting_for_pending():
                    self.stop()
                    self.worker.check()
                    self._send_next()
                    self._collect()
                    if self._waiting or self._sent or self._pending:
                        self.worker.wait(self.interval_s)
        except KeyboardInterrupt:
            # The worker has saved each page since the first one, and ends with the stack.
            self._collect()
            raise
        except JobInterrupted:
            # The worker has stopped, and finished what it could.
            self._collect()
            self._keep_pending()
            raise
        else:
            self._keep_pending()
        finally:
            self.left = len(self._waiting) + len(self._sent)

    def _send_next(self) -> None:
        for _ in range(_MAX_SENT_PER_ROUND):
            if not self._waiting or not self._has_room(self._waiting[0]):
                return
            self._send(self._waiting[0])
            self._waiting_weight -= self._waiting.popleft().weight

    def _has_room(self, task: Task) -> bool:
        queued_bytes = sum(sent.task.size_bytes for sent in self._sent.values())
        fits = queued_bytes + task.size_bytes <= _MAX_QUEUED_BYTES
        # A file larger than the limit is sent alone.
        return not self._sent or (len(self._sent) < _MAX_QUEUED and fits)

    def _send(self, task: Task) -> None:
        event = EventType.FILE_DELETED if task.deleted else EventType.FILE_UPLOADED
        file = FileMessage(event_type=event, bucket=SOURCE_BUCKET, key=task.key)
        sha256, checkpoint = "", None
        if not task.deleted:
            found = examine(task.path)
            if not isinstance(found, FoundFile):
                self._keeper.report(read_failure(task.path, found.message))
                return
            # Size and time from before the content is read, so that the next run sees a later change.
            task = Task(
                path=task.path, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns, entry=task.entry
            )
            if task.size_bytes > self.max_file_bytes:
                self._keeper.keep_too_large(task, limit=self.max_file_bytes, version=self.fence + 1)
                return
            try:
                sha256 = self._upload(task)
                checkpoint = self._checkpoints.seed(task.file_id)
            except OSError as error:
                self._keeper.report(read_failure(task.path, error.strerror or "it cannot be read"))
                return
        # The ledger of this stack is empty. Counted from 0, its fences would be below those in the index,
        # which would refuse every write as stale.
        if self.fence:
            self.table.seed(file, fence=self.fence, checkpoint=checkpoint)
        self.queue.send(_message_body(event, task))
        self._sent[task.file_id] = _InFlight(task=task, sha256=sha256, sent_at=time.monotonic())

    def _upload(self, task: Task) -> str:
        sha256 = file_sha256(task.path, self.stop)
        self.home.seed(self.storage, sha256)
        modified = epoch_time(task.mtime_ns / 1e9)
        self.storage.upload(SOURCE_BUCKET, task.key, Path(task.path), metadata={MODIFIED: modified})
        return sha256

    def _collect(self) -> None:
        """Keep what is finished."""
        # The depth before the rows: no more messages than unfinished files then prove the others gone.
        depth = self.queue.depth()
        messages = depth.total
        rows = self.table.read_many(self._sent) if self._sent else {}
        now = time.monotonic()
        for file_id, row in rows.items():
            sent = self._sent[file_id]
            if row.lacks_something:
                self._pending[file_id] = self._sent.pop(file_id)
            elif row.is_finished:
                del self._sent[file_id]
                self._finish(sent, row, now)
            else:
                self._checkpoints.collect(row, sent.task.path)
                # A claim sets the owner: the worker has started this file.
                if row.owner is not None and sent.started_at is None:
                    sent.started_at = now
        self._collect_pending(now)
        if self._waiting or self._sent:
            self._pending_deadline = now + self.pending_timeout_s
        self._last_read_at = now
        # An object is deleted only when its message surely is: a redelivered message that found no object
        # would take the file out of the index again.
        if messages <= len(self._sent):
            self._remove_objects()
        is_lost = bool(self._sent) and not messages
        self._rounds_without_messages = self._rounds_without_messages + 1 if is_lost else 0
        if self._rounds_without_messages > _LOST_ROUNDS:
            self._dead_letter_lost()
        self._report(messages, now)

    def _collect_pending(self, now: float) -> None:
        """Keep the files that the worker's replayer has filled; the others go to the end of the line."""
        file_ids = list(islice(self._pending, _ROWS_PER_READ))
        rows = self.table.read_many(file_ids) if file_ids else {}
        for file_id in file_ids:
            sent, row = self._pending.pop(file_id), rows.get(file_id)
            if row is None or row.lacks_something or not row.is_finished:
                self._pending[file_id] = sent
            else:
                self._pending_deadline = now + self.pending_timeout_s
                self._finish(sent, row, now)

    def _is_waiting_for_pending(self) -> bool:
        return bool(self._pending) and time.monotonic() < self._pending_deadline

    def _keep_pending(self) -> None:
        """Keep what is still pending; the next run processes it again."""
        # Only after the worker has stopped: its replayer needs the artifact in the bucket.
        while self._pending:
            file_ids = list(islice(self._pending, _ROWS_PER_READ))
            rows = self.table.read_many(file_ids)
            for file_id in file_ids:
                sent, row = self._pending.pop(file_id), rows.get(file_id)
                if row is None:
                    self._keeper.report(read_failure(sent.task.path, "it has no row in the ledger"))
                else:
                    self._finish(sent, row, time.monotonic())

    def _finish(self, sent: _InFlight, row: FileRow, now: float) -> None:
        # What started and ended between two reads of the ledger took less than the time between them.
        seconds = now - (sent.started_at or max(sent.sent_at, self._last_read_at))
        self._finished_keys.append(sent.task.key)
        self._checkpoints.drop(sent.task.file_id)
        self._keeper.keep(sent.task, row, sha256=sent.sha256, seconds=seconds)

    def _remove_objects(self) -> None:
        for key in self._finished_keys:
            self.storage.delete(SOURCE_BUCKET, key)
        self._finished_keys.clear()

    def _dead_letter_lost(self) -> None:
        """Keep files whose message is gone without an end state: the worker rejected the message itself."""
        for file_id, sent in self._sent.items():
            row = FileRow(
                file_id=file_id, fence=0, state=State.DEAD_LETTERED, reason=Code.MALFORMED_MESSAGE.value
            )
            self._finish(sent, row, time.monotonic())
        self._sent.clear()

    def _report(self, messages: int, now: float) -> None:
        unfinished = [*self._sent.values(), *self._pending.values()]
        begun = [sent for sent in self._sent.values() if sent.started_at is not None]
        # The one that is read for longest: what a user waits for.
        current = min(begun, key=lambda sent: sent.started_at or now, default=None)
        left_weight = sum(sent.task.weight for sent in unfinished) + self._waiting_weight
        unfinished_pages = sum(self.worker.ocr_pages[file_id] for file_id in self._sent)
        self.listener.on_progress(
            IngestProgress(
                done=self._keeper.done,
                total=self._keeper.done + len(unfinished) + len(self._waiting),
                pages=self._keeper.pages + unfinished_pages,
                queued=messages,
                share=1 - left_weight / self._weight if self._weight else 0.0,
                current=Path(display(current.task.path)).name if current else "",
                current_s=now - (current.started_at or now) if current else 0.0,
            )
        )


def _message_body(event: EventType, task: Task) -> str:
    return json.dumps(
        {
            "eventType": event.value,
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": task.key,
            "fileSize": task.size_bytes,
            "metadata": {"originalPath": display(task.path)},
        }
    )

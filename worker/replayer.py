"""Replayer: completes what an outage left pending, from the stored artifacts.

Several workers may fill one row: the index keeps the higher fence, a row is written only if unchanged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random

import structlog

from worker.aws.ledger_row import FileRow
from worker.aws.pending_files import SHARDS, PendingFiles, is_vectors_only
from worker.aws.queue_manager import QueueManager
from worker.delivery.dead_letters import dead_lettered_document, native_body, write_entry
from worker.document.artifacts import ArtifactStore
from worker.document.embedder import Embedder
from worker.document.row_document import row_document, row_message
from worker.errors import (
    BedrockError,
    JobInterrupted,
    LeaseLostError,
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    UnavailableError,
    WorkerError,
)
from worker.index.search_index import SearchIndex
from worker.models.document import NO_VECTORS, Extraction, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.resilience.postponements import Postponements
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.runtime.trace import Trace, follow

_ROWS_PER_QUERY = 100
# In a long outage it would be expensive to read every row in every step.
_MAX_SKIPPED_ROWS = 50
_LONGEST_WAIT_S = 300.0
# A refusal by the table or by the service is often over within a minute.
_FIRST_WAIT_S = 30.0
# A mapping or a proxy under change rejects healthy documents, too: three times within ten minutes.
_MAX_REJECTIONS = 3
# The key beside those of rows, which are never empty.
_TABLE = ""

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class _Outages:
    """Which services were unavailable in this step, and how many rows were skipped for that."""

    index: bool = False
    vectors: bool = False
    skipped: int = 0

    def can_fill(self, row: FileRow) -> bool:
        """Whether something pending of a row can be completed in this step."""
        return (row.index_pending and not self.index) or (row.vectors_pending and not self.vectors)

    def can_continue(self, shard: str) -> bool:
        """Whether the step has a chance to complete more rows of a shard."""
        is_over = self.vectors and (self.index or is_vectors_only(shard))
        return not is_over and self.skipped < _MAX_SKIPPED_ROWS


@dataclass(kw_only=True, slots=True, eq=False)
class Replayer:
    """Completes pending rows; `threads` threads call `step`, each every `interval_s`."""

    pending: PendingFiles
    store: ArtifactStore
    embedder: Embedder
    index: SearchIndex
    queue: QueueManager
    shutdown: Shutdown
    metrics: Metrics
    random: Random
    threads: int = 4
    interval_s: float = 5.0
    _shards: Iterator[str] = field(init=False)
    _backlog: dict[str, int] = field(default_factory=dict)
    _after: dict[str, str | None] = field(default_factory=dict)
    _reprocessed: set[tuple[str, int]] = field(default_factory=set)
    _rejections: dict[str, int] = field(default_factory=dict)
    _failed_rows: Postponements = field(init=False)
    _unavailable: Postponements = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Start at a random shard, so that the workers of a fleet are on different ones."""
        clock = self.shutdown.now
        self._failed_rows = Postponements(clock=clock, first_s=_LONGEST_WAIT_S, longest_s=_LONGEST_WAIT_S)
        self._unavailable = Postponements(clock=clock, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S)
        self._shards = islice(cycle(SHARDS), self.random.randrange(len(SHARDS)), None)

    def step(self) -> None:
        """Complete the pending rows of the next shards; `threads` steps visit all shards."""
        if _TABLE in self._unavailable:
            return
        with self._lock:
            shards = list(islice(self._shards, len(SHARDS) // self.threads))
            # In an outage only the first is queried, which must not always be the same one.
            self.random.shuffle(shards)
            shards.sort(key=is_vectors_only)
        outages = _Outages()
        try:
            for shard in shards:
                self._fill_shard(shard, outages)
        except WorkerError as error:
            if not isinstance(error, JobInterrupted):
                _log.warning("replay_postponed", code=error.code, reason=str(error))

    def _fill_shard(self, shard: str, outages: _Outages) -> None:
        """Continue a shard where the last step stopped, to its end unless there is an outage."""
        while outages.can_continue(shard):
            self._check_stop()
            try:
                page = self.pending.page(shard, limit=_ROWS_PER_QUERY, after=self._after.get(shard))
            except MisconfiguredError as error:
                self._pause(error)
                return
            self._unavailable.remove(_TABLE)
            self._after[shard] = page.after
            self._backlog[shard] = len(page.keys)
            self.metrics.pending_backlog.set(sum(self._backlog.copy().values()))
            for file_id in self.random.sample(page.keys, len(page.keys)):
                self._check_stop()
                if not outages.can_continue(shard):
                    return
                with bind(file=file_id):
                    self._try_row(file_id, outages)
            if page.after is None:
                return

    def _check_stop(self) -> None:
        if self.shutdown.is_requested:
            raise JobInterrupted("the worker stops; the row stays pending")

    def _pause(self, error: MisconfiguredError) -> None:
        """Without its secondary index the table cannot list pending rows; that must not stop a worker."""
        if self._unavailable.add(_TABLE):
            _log.error("pending_index_missing", reason=str(error))

    def _try_row(self, file_id: str, outages: _Outages) -> None:
        """Complete one row; an error of this row alone does not end the step."""
        if file_id in self._failed_rows:
            return
        try:
            row = self.pending.read(file_id)
            if row is None:
                return
            if outages.can_fill(row):
                with follow(Trace(correlation=row.correlation or file_id, first_seen_ms=row.event_ms)):
                    self._fill(row, outages)
            else:
                outages.skipped += 1
        except (JobInterrupted, ThrottledError, UnavailableError):
            raise
        except WorkerError as error:
            self._failed_rows.add(file_id)
            _log.warning("replay_failed", code=error.code, reason=str(error))
        except Exception:  # noqa: BLE001  (one row must not end the step for the others)
            self._failed_rows.add(file_id)
            _log.exception("replay_failed")

    def _fill(self, row: FileRow, outages: _Outages) -> None:
        if row.state is State.TOMBSTONED:
            self._write(
                row, NO_VECTORS, outages, lambda: self.index.tombstone(row.file_id, version=row.fence)
            )
            return
        if row.state is State.DEAD_LETTERED:
            entry = dead_lettered_document(
                row_message(row), code=row.reason or "", message=row.reason_message, metadata=row.metadata
            )
            self._write(
                row,
                NO_VECTORS,
                outages,
                lambda: self.index.index_document(entry, version=row.fence),
            )
            return
        extraction = self._extraction(row)
        if extraction is None:
            self._reprocess(row)
            return
        vectors = self._vectors(row, extraction, outages)
        if vectors.pending and not (row.index_pending and not outages.index):
            return
        document = row_document(row, extraction, vectors)
        self._write(row, vectors, outages, lambda: self.index.index_document(document, version=row.fence))

    def _extraction(self, row: FileRow) -> Extraction | None:
        if row.artifact_key is not None:
            return self.store.open(row.artifact_key, row.thumbnail_key)
        # Rejected before its download: there is no artifact, and the row has all there is.
        return Extraction(
            file_type=FileType(row.file_type or FileType.UNSUPPORTED),
            reason=row.reason,
            reason_message=row.reason_message,
        )

    def _vectors(self, row: FileRow, extraction: Extraction, outages: _Outages) -> Vectors:
        if row.artifact_key is None or row.content_hash is None:
            return NO_VECTORS
        if row.vectors_pending and (outages.vectors or row.file_id in self._unavailable):
            return Vectors(pending=True)
        errors: list[WorkerError] = []
        vectors = self.embedder.embed(
            row.content_hash, extraction, check=self._check_stop, on_failure=errors.append
        )
        if vectors.pending:
            outages.vectors = True
            self.metrics.replays.labels(kind="vectors", result="unavailable").inc()
            if any(isinstance(error, BedrockError) for error in errors):
                # A response without an embedding may be caused by this document: the others go first.
                self._unavailable.add(row.file_id)
        return vectors

    def _write(self, row: FileRow, vectors: Vectors, outages: _Outages, write: Callable[[], None]) -> None:
        """Write to the index if it is available, and record in the row what is still pending."""
        index_pending = outages.index
        result = "filled"
        try:
            if not outages.index:
                write()
        except LeaseLostError:
            result = "superseded"
            self.metrics.fences_refused.labels(store="index").inc()
        except RejectedError as error:
            if row.state is not State.DEAD_LETTERED:
                self._reject(row, error)
                return
            # Not even the entry by name: the row alone has the reason.
            result = "rejected"
        except (ThrottledError, UnavailableError, MisconfiguredError) as error:
            _log.warning("index_still_unavailable", code=error.code, reason=str(error))
            self.metrics.replays.labels(kind="index", result="unavailable").inc()
            outages.index = index_pending = True
        if (index_pending, vectors.pending) == (row.index_pending, row.vectors_pending):
            return
        if self.pending.fill(row, index_pending=index_pending, vectors_pending=vectors.pending):
            self._report(row, result, index=not index_pending, vectors=not (index_pending or vectors.pending))

    def _report(self, row: FileRow, result: str, *, index: bool, vectors: bool) -> None:
        if row.index_pending and index and result == "filled":
            self.metrics.observe_indexed(event_ms=row.event_ms)
        completed = {"index": row.index_pending and index, "vectors": row.vectors_pending and vectors}
        for kind in (kind for kind, done in completed.items() if done):
            self.metrics.replays.labels(kind=kind, result=result).inc()
            _log.info("pending_filled", kind=kind, result=result)

    def _reject(self, row: FileRow, error: RejectedError) -> None:
        """Dead-letter a file at its last rejection; raise one before, which postpones the row."""
        with self._lock:
            times = self._rejections.pop(row.file_id, 0) + 1
            if times < _MAX_REJECTIONS:
                self._rejections[row.file_id] = times
                raise error
        self._dead_letter(row, error)

    def _dead_letter(self, row: FileRow, error: RejectedError) -> None:
        """Dead-letter a file that the index rejects, with a new message: its own was deleted long ago."""
        _log.error("index_rejected", reason=str(error))
        self.queue.dead_letter_anew(
            native_body(row_message(row)), code=error.code, reason=str(error), stage="index"
        )
        entry = dead_lettered_document(
            row_message(row), code=error.code, message=str(error), metadata=row.metadata
        )
        index_pending = not write_entry(self.index, entry, version=row.fence)
        self.pending.refuse(row, reason=str(error), index_pending=index_pending)
        self.metrics.replays.labels(kind="index", result="rejected").inc()

    def _reprocess(self, row: FileRow) -> None:
        """Send a message to process the file again, once: its artifact is missing."""
        request = (row.file_id, row.fence)
        with self._lock:
            if request in self._reprocessed:
                return
            self._reprocessed.add(request)
        try:
            self.queue.send(native_body(row_message(row)), cis={"again": row.fence})
        except WorkerError:
            self._reprocessed.discard(request)
            raise
        _log.warning("artifact_missing", key=row.artifact_key)
        self.metrics.replays.labels(kind="artifact", result="reprocessed").inc()

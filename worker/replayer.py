"""Replayer: fills in what an outage left pending, from what is stored; no file is read again for it.

    (pending row) -> its stored result -> vectors, stored or asked for -> index (version = fence) -> row

Every worker has one, beside its consumer and never in its way. Several may be on one row, and attempts
may claim it meanwhile: the index keeps the higher fence, and the row is filled only if it is as it was
seen. A service that is away is left alone for the rest of a step, and does not keep the other from its
share of the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import PurePosixPath
from random import Random

import structlog

from worker.aws.ledger_row import FileRow
from worker.aws.pending_files import SHARDS, PendingFiles
from worker.aws.queue_manager import QueueManager
from worker.delivery.dead_letters import native_body
from worker.document.artifacts import ArtifactStore
from worker.document.embedder import Embedder
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
from worker.models.document import NO_VECTORS, Document, Extraction, Vectors
from worker.models.file import EventType, FileMessage, FileType
from worker.models.ledger import State
from worker.runtime.log import bind
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown

_ROWS_A_QUERY = 100
_ROWS_LEFT_ALONE = 50
_LOOK_AGAIN_S = 300.0

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class _Away:
    """Which services did not answer in this step, and how many rows were left alone for it."""

    index: bool = False
    vectors: bool = False
    left_alone: int = 0

    def leave_alone(self, row: FileRow) -> bool:
        """Whether nothing can be done for a row in this step."""
        wants_index = row.index_pending and not self.index
        wants_vectors = row.vectors_pending and not self.vectors
        if wants_index or wants_vectors:
            return False
        self.left_alone += 1
        return True

    def enough(self) -> bool:
        """Whether to end the step: in a long outage reading every row every time would be dear."""
        return (self.index and self.vectors) or self.left_alone >= _ROWS_LEFT_ALONE


@dataclass(kw_only=True, slots=True, eq=False)
class Replayer:
    """Finds pending rows and fills them; `threads` threads drive `step`, each every `interval_s`."""

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
    _seen: dict[str, int] = field(default_factory=dict)
    _after: dict[str, str | None] = field(default_factory=dict)
    _asked: set[tuple[str, int]] = field(default_factory=set)
    _not_before: dict[tuple[str, str], float] = field(default_factory=dict)
    _blind_until: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Begin at a shard of one's own, so that a fleet does not go through them in step."""
        self._shards = islice(cycle(SHARDS), self.random.randrange(len(SHARDS)), None)

    def step(self) -> None:
        """Fill what is pending in the next shards; `threads` steps go through all of them."""
        if self._blind_until is not None and self.shutdown.now() < self._blind_until:
            return
        with self._lock:
            shards = list(islice(self._shards, len(SHARDS) // self.threads))
            # In an outage only the first is looked at, which must not always be the same one.
            self.random.shuffle(shards)
        away = _Away()
        try:
            for shard in shards:
                self._fill_shard(shard, away)
        except JobInterrupted:
            return
        except WorkerError as error:
            _log.warning("replay_postponed", code=error.code, reason=str(error))

    def _fill_shard(self, shard: str, away: _Away) -> None:
        """Go on in a shard where the last step left it, to its end if nothing is away."""
        while not away.enough():
            self._check()
            try:
                page = self.pending.page(shard, limit=_ROWS_A_QUERY, after=self._after.get(shard))
            except MisconfiguredError as error:
                self._go_blind(error)
                return
            self._blind_until = None
            self._after[shard] = page.after
            self._seen[shard] = len(page.file_ids)
            self.metrics.pending_seen.set(sum(self._seen.copy().values()))
            for file_id in self.random.sample(page.file_ids, len(page.file_ids)):
                self._check()
                if away.enough():
                    return
                with bind(file=file_id):
                    self._try(file_id, away)
            if page.after is None:
                return

    def _check(self) -> None:
        if self.shutdown.requested:
            raise JobInterrupted("the worker stops; what is pending stays so")

    def _go_blind(self, error: MisconfiguredError) -> None:
        """Without its index the ledger cannot say what is pending; that must not stop a worker."""
        if self._blind_until is None:
            _log.error("pending_index_missing", reason=str(error))
        self._blind_until = self.shutdown.now() + _LOOK_AGAIN_S

    def _try(self, file_id: str, away: _Away) -> None:
        """Fill one row; whatever is wrong with it is no reason to leave the others."""
        if self._is_put_off("row", file_id):
            return
        try:
            row = self.pending.read(file_id)
            if row is not None and not away.leave_alone(row):
                self._fill(row, away)
        except (JobInterrupted, ThrottledError, UnavailableError):
            raise
        except WorkerError as error:
            self._put_off("row", file_id)
            _log.warning("replay_failed", code=error.code, reason=str(error))
        except Exception:  # noqa: BLE001  (one row must not end the step for the others)
            self._put_off("row", file_id)
            _log.exception("replay_failed")

    def _fill(self, row: FileRow, away: _Away) -> None:
        if row.state is State.TOMBSTONED:
            self._write(row, NO_VECTORS, away, lambda: self.index.tombstone(row.file_id, version=row.fence))
            return
        extraction = self._extraction(row)
        if extraction is None:
            self._read_again(row)
            return
        vectors = self._vectors(row, extraction, away)
        if vectors.pending and not (row.index_pending and not away.index):
            return
        document = _document(row, extraction, vectors)
        self._write(row, vectors, away, lambda: self.index.index_document(document, version=row.fence))

    def _extraction(self, row: FileRow) -> Extraction | None:
        if row.artifact_key is not None:
            return self.store.open(row.artifact_key, row.thumbnail_key)
        # It was refused before anything of it was read; the row has all that there is.
        return Extraction(
            file_type=FileType(row.file_type or FileType.UNSUPPORTED),
            reason=row.reason,
            reason_message=row.reason_message,
        )

    def _vectors(self, row: FileRow, extraction: Extraction, away: _Away) -> Vectors:
        if row.artifact_key is None or row.content_hash is None:
            return NO_VECTORS
        if row.vectors_pending and (away.vectors or self._is_put_off("vectors", row.file_id)):
            return Vectors(pending=True)
        said: list[WorkerError] = []
        vectors = self.embedder.embed(row.content_hash, extraction, check=self._check, on_failure=said.append)
        if vectors.pending:
            away.vectors = True
            self.metrics.filled.labels(kind="vectors", result="away").inc()
            if any(isinstance(error, BedrockError) for error in said):
                # An answer without an embedding may be this document's own fault: the others go first.
                self._put_off("vectors", row.file_id)
        return vectors

    def _write(self, row: FileRow, vectors: Vectors, away: _Away, write: Callable[[], None]) -> None:
        """Write to the index if it is there, and tell the row what is left to do."""
        index_pending = away.index
        result = "filled"
        try:
            if not away.index:
                write()
        except LeaseLostError:
            result = "superseded"
        except RejectedError as error:
            self._refuse(row, error)
            return
        except (ThrottledError, UnavailableError, MisconfiguredError) as error:
            _log.warning("index_still_away", code=error.code, reason=str(error))
            self.metrics.filled.labels(kind="index", result="away").inc()
            away.index = index_pending = True
        if (index_pending, vectors.pending) == (row.index_pending, row.vectors_pending):
            return
        if self.pending.fill(row, index_pending=index_pending, vectors_pending=vectors.pending):
            self._tell(row, result, index=not index_pending, vectors=not (index_pending or vectors.pending))

    def _tell(self, row: FileRow, result: str, *, index: bool, vectors: bool) -> None:
        filled = {"index": row.index_pending and index, "vectors": row.vectors_pending and vectors}
        for kind in (kind for kind, done in filled.items() if done):
            self.metrics.filled.labels(kind=kind, result=result).inc()
            _log.info("pending_filled", kind=kind, result=result)

    def _refuse(self, row: FileRow, error: RejectedError) -> None:
        """The message is long gone: a new one goes to the dead-letter queue first, then the row tells."""
        _log.error("index_rejected", reason=str(error))
        self.queue.dead_letter_anew(
            native_body(_message(row)), code=error.code, reason=str(error), stage="index"
        )
        self.pending.refuse(row, reason=str(error))
        self.metrics.filled.labels(kind="index", result="rejected").inc()

    def _read_again(self, row: FileRow) -> None:
        """What was stored is gone, so only the original can help; asked for once."""
        with self._lock:
            asked = (row.file_id, row.fence) in self._asked
            self._asked.add((row.file_id, row.fence))
        if asked:
            return
        try:
            self.queue.send(native_body(_message(row)), cis={"again": row.fence})
        except WorkerError:
            self._asked.discard((row.file_id, row.fence))
            raise
        _log.warning("artifact_missing", key=row.artifact_key)
        self.metrics.filled.labels(kind="artifact", result="read_again").inc()

    def _put_off(self, what: str, file_id: str) -> None:
        with self._lock:
            self._not_before[what, file_id] = self.shutdown.now() + _LOOK_AGAIN_S

    def _is_put_off(self, what: str, file_id: str) -> bool:
        with self._lock:
            until = self._not_before.get((what, file_id))
            if until is not None and until <= self.shutdown.now():
                del self._not_before[what, file_id]
                return False
        return until is not None


def _message(row: FileRow) -> FileMessage:
    return FileMessage(
        event_type=EventType.FILE_UPLOADED,
        bucket=row.bucket,
        key=row.key,
        size_bytes=row.size_bytes,
        original_path=row.file_path,
    )


def _document(row: FileRow, extraction: Extraction, vectors: Vectors) -> Document:
    return Document(
        file_id=row.file_id,
        bucket=row.bucket,
        key=row.key,
        file_name=PurePosixPath(row.file_path).name or row.file_path,
        file_path=row.file_path,
        size_bytes=row.size_bytes,
        file_type=extraction.file_type,
        state=extraction.state,
        pages=extraction.pages,
        reason=extraction.reason,
        reason_message=extraction.reason_message,
        content_hash=row.content_hash,
        thumbnail_key=row.thumbnail_key,
        artifact_key=row.artifact_key,
        vectors=vectors,
        thumbnail=extraction.thumbnail,
        indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )

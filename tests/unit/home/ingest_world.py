"""A home folder on a fake AWS, where the test plays the worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from worker.aws.clients import Clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.pending_files import PendingFiles
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.aws.storage_handler import StorageHandler
from worker.document.artifacts import ArtifactStore
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.embedded.stack import EmbeddedStack
from worker.errors import JobInterrupted
from worker.home.folder import Home
from worker.home.ingest_run import IngestRun
from worker.home.manifest import Manifest
from worker.home.plan import Task
from worker.home.result import Result
from worker.home.result_keeper import IngestProgress, Listener
from worker.home.worker_keeper import WorkerKeeper
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import EventType, FileMessage, FileType, file_id
from worker.models.ledger import Checkpoint, Claim, State
from worker.models.page import Page, TextSource

END = Commit(state=State.INDEXED, pages=1)


class PlayedWorker(WorkerKeeper):
    """In place of the process that would be started: `check` is its turn."""

    def __init__(self, turn: Callable[[], None]) -> None:
        super().__init__(EmbeddedStack())
        self.check = turn  # type: ignore[method-assign]


@dataclass
class World:
    """A home on a fake AWS, and what its listener received."""

    clients: Clients
    queue: QueueManager
    table: FileTable
    storage: StorageHandler
    index: SqliteIndex
    manifest: Manifest
    docs: Path
    run: IngestRun = field(init=False)
    results: list[Result] = field(default_factory=list)
    progress: list[IngestProgress] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    most_queued: int = 0
    stop_after: int | None = None
    state: State = State.INDEXED
    keep_messages: bool = False
    end: Commit = END

    def file(self, name: str, content: bytes = b"content") -> Task:
        path = self.docs / name
        path.write_bytes(content)
        return Task(path=str(path), size_bytes=len(content), entry=self.manifest.get(str(path)))

    def stop(self) -> None:
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise JobInterrupted("stop")

    def turn(self) -> None:
        """The worker's turn: take all messages, and commit each as the production worker does."""
        depth = self.queue.depth()
        self.most_queued = max(self.most_queued, depth.visible + depth.in_flight)
        while messages := self.queue.receive(limit=10, wait_s=0):
            for message in messages:
                self._work(message)
            if not self.keep_messages:
                self.queue.delete(messages)

    def begin(self, *, pages: int) -> list[Checkpoint]:
        """The worker's turn where it comes no further than checkpoints of the first pages."""
        return [self._begin(message, pages) for message in self.queue.receive(limit=10, wait_s=0)]

    def _begin(self, message: ReceivedMessage, pages: int) -> Checkpoint:
        claim = self._claim(json.loads(message.body))
        store = ArtifactStore(self.storage, extraction_key="key")
        read = [Page(number=n + 1, text="text", source=TextSource.OCR) for n in range(pages)]
        part = store.save_part(claim.file_id, "v", read)
        checkpoint, manifest = store.checkpoint_of(claim.file_id, "v", (part,))
        self.storage.put(manifest.key, b"".join(manifest.chunks))
        self.table.save_checkpoint(claim, checkpoint)
        return checkpoint

    def _work(self, message: ReceivedMessage) -> None:
        body = json.loads(message.body)
        claim = self._claim(body)
        file = FileMessage(event_type=EventType(body["eventType"]), bucket=SOURCE_BUCKET, key=body["s3Key"])
        if file.event_type is EventType.FILE_DELETED:
            self.index.tombstone(claim.file_id, version=claim.fence)
            self.table.commit(claim, Commit(state=State.TOMBSTONED, reason="object_gone"))
            return
        data = self.clients.s3.get_object(Bucket=SOURCE_BUCKET, Key=file.key)["Body"].read()
        sha256 = hashlib.sha256(data).hexdigest()
        self.storage.put(f"artifacts/{sha256}/txt-key", b"pages of " + data)
        if self.state is not State.DEAD_LETTERED:
            self._index(body, claim.fence, sha256)
        self.table.commit(claim, replace(self.end, state=self.state, content_hash=sha256))

    def _claim(self, body: dict[str, Any]) -> Claim:
        self.seen.append(body)
        file = FileMessage(event_type=EventType(body["eventType"]), bucket=SOURCE_BUCKET, key=body["s3Key"])
        row = self.table.claim(
            file,
            message_id="m",
            version="v",
            seen=self.table.read(file.file_id),
            attempt=f"a{len(self.seen)}",
        )
        return Claim(file_id=row.file_id, fence=row.fence, attempt=row.attempt or "", message_id="m")

    def fill(self, task: Task) -> None:
        """What the worker's replayer does."""
        pending = PendingFiles(client=self.clients.dynamodb, name="files-q", table=self.table)
        row = pending.read(task.file_id)
        assert row is not None
        assert self.storage.keys(f"artifacts/{row.content_hash}/")
        assert pending.fill(row)

    def _index(self, body: dict[str, Any], fence: int, sha256: str) -> None:
        path = body["metadata"]["originalPath"]
        document = Document(
            file_id=file_id(SOURCE_BUCKET, body["s3Key"]),
            bucket=SOURCE_BUCKET,
            key=body["s3Key"],
            file_name=Path(path).name,
            file_path=path,
            size_bytes=body["fileSize"],
            file_type=FileType.TEXT,
            state=self.state,
            content_hash=sha256,
        )
        self.index.index_document(document, version=fence)

    def source_keys(self) -> list[str]:
        return StorageHandler(self.clients.s3, results_bucket=SOURCE_BUCKET).keys("")


def ingest_run(world: World, home: Home, fence: int) -> IngestRun:
    return IngestRun(
        home=home,
        manifest=world.manifest,
        index=world.index,
        storage=world.storage,
        queue=world.queue,
        table=world.table,
        worker=PlayedWorker(world.turn),
        listener=Listener(
            on_result=world.results.append,
            on_note=lambda _path, _why: None,
            on_progress=world.progress.append,
        ),
        made_with="key",
        max_file_bytes=1_000,
        fence=fence,
        stop=world.stop,
        interval_s=0.0,
    )

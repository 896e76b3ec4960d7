"""Feeding and keeping, with AWS faked on the wire and the test in the worker's place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from worker.aws.clients import Clients, make_clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.pending_files import PendingFiles
from worker.aws.provisioning import provision
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.aws.storage_handler import StorageHandler
from worker.embedded.stack import RESULTS_BUCKET, SOURCE_BUCKET, EmbeddedStack
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
from worker.models.ledger import Claim, State

pytestmark = pytest.mark.unit


END = Commit(state=State.INDEXED, pages=1)


class PlayedWorker(WorkerKeeper):
    """Stands where the process would be started: `check` is its turn."""

    def __init__(self, turn: Callable[[], None]) -> None:
        super().__init__(EmbeddedStack())
        self.check = turn  # type: ignore[method-assign]


@dataclass
class World:
    """A home on a fake AWS, and what was told."""

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

    def _work(self, message: ReceivedMessage) -> None:
        body = json.loads(message.body)
        self.seen.append(body)
        file = FileMessage(event_type=EventType(body["eventType"]), bucket=SOURCE_BUCKET, key=body["s3Key"])
        row = self.table.claim(
            file,
            message_id="m",
            version="v",
            seen=self.table.read(file.file_id),
            attempt=f"a{len(self.seen)}",
        )
        claim = Claim(file_id=row.file_id, fence=row.fence, attempt=row.attempt or "", message_id="m")
        if file.event_type is EventType.FILE_DELETED:
            self.index.tombstone(row.file_id, version=row.fence)
            self.table.commit(claim, Commit(state=State.TOMBSTONED, reason="object_gone"))
            return
        data = self.clients.s3.get_object(Bucket=SOURCE_BUCKET, Key=file.key)["Body"].read()
        sha256 = hashlib.sha256(data).hexdigest()
        self.storage.put(f"artifacts/{sha256}/txt-key", b"pages of " + data)
        if self.state is not State.DEAD_LETTERED:
            self._index(body, row.fence, sha256)
        self.table.commit(claim, replace(self.end, state=self.state, content_hash=sha256))

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


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(folder=tmp_path / "home")


@pytest.fixture
def make_world(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    """Makes worlds that share the home and its files; each has a queue and a ledger of its own."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    docs = tmp_path / "docs"
    docs.mkdir()
    with (
        mock_aws(),
        closing(Manifest(home.manifest_path)) as manifest,
        closing(SqliteIndex(home.index_path)) as index,
    ):
        clients = make_clients()

        def make(*, fence: int = 0, name: str = "q") -> World:
            buckets = [SOURCE_BUCKET, RESULTS_BUCKET]
            made = provision(clients, queue_name=name, dlq_name="dlq", buckets=buckets, table=f"files-{name}")
            world = World(
                clients=clients,
                queue=QueueManager(clients.sqs, queue_url=made[0].identifier, dlq_url=made[1].identifier),
                table=FileTable(clients.dynamodb, table=f"files-{name}", owner="w", pipeline_version="1"),
                storage=StorageHandler(clients.s3, results_bucket=RESULTS_BUCKET),
                index=index,
                manifest=manifest,
                docs=docs,
            )
            world.run = _run(world, home, fence)
            return world

        yield make


def _run(world: World, home: Home, fence: int) -> IngestRun:
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


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def test_a_finished_file_is_kept_and_its_source_object_removed(world: World) -> None:
    task = world.file("報告.txt")
    world.run.run([task])
    sha256 = hashlib.sha256(b"content").hexdigest()
    entry = world.manifest.get(task.path)
    assert entry is not None
    assert (entry.sha256, entry.state, entry.made_with) == (sha256, State.INDEXED, "key")
    assert entry.mtime_ns == Path(task.path).stat().st_mtime_ns
    assert (world.run.home.folder / f"artifacts/{sha256}/txt-key").read_bytes() == b"pages of content"
    assert world.storage.keys("") == []
    assert world.source_keys() == []
    (result,) = world.results
    assert (result.state, result.file_path, result.skipped) == ("indexed", task.path, False)


def test_the_message_is_native_and_names_the_original_path(world: World) -> None:
    task = world.file("a.txt")
    world.run.run([task])
    assert world.seen == [
        {
            "eventType": "FILE_UPLOADED",
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": task.key,
            "fileSize": 7,
            "metadata": {"originalPath": task.path},
        }
    ]


def test_at_most_fifty_messages_are_queued(world: World) -> None:
    tasks = [world.file(f"{number}.txt", b"%d" % number) for number in range(70)]
    waiting = [7]
    turn = world.turn

    def slow_turn() -> None:
        if waiting and waiting[0]:
            waiting[0] -= 1
            return
        turn()

    world.run.worker.check = slow_turn  # type: ignore[method-assign]
    world.run.run(tasks)
    assert len(world.results) == 70
    assert world.most_queued == 50


def test_a_source_object_stays_while_its_message_may_come_back(world: World) -> None:
    world.keep_messages = True
    task = world.file("a.txt")
    world.run.run([task])
    assert world.manifest.get(task.path) is not None
    assert world.source_keys() == [task.key]


def test_a_known_content_is_seeded_before_its_message(world: World) -> None:
    sha256 = hashlib.sha256(b"content").hexdigest()
    folder = world.run.home.folder / "vectors" / sha256
    folder.mkdir(parents=True)
    (folder / "model-3").write_bytes(b"[1,2,3]")
    seeded: list[bytes | None] = []
    turn = world.turn

    def look_then_turn() -> None:
        seeded.append(world.storage.get(f"vectors/{sha256}/model-3"))
        turn()

    world.run.worker.check = look_then_turn  # type: ignore[method-assign]
    world.run.run([world.file("a.txt")])
    assert b"[1,2,3]" in seeded


def test_a_later_run_writes_over_what_an_earlier_one_left(make_world: Callable[..., World]) -> None:
    first = make_world(fence=0, name="q1")
    first.run.run([first.file("a.txt", b"old")])
    second = make_world(fence=1_000, name="q2")
    task = second.file("a.txt", b"new")
    second.run.run([task])
    row = second.table.read(task.file_id)
    assert row is not None
    assert row.fence == 1_001
    document = second.index.document(task.file_id)
    assert document is not None
    assert document.content_hash == hashlib.sha256(b"new").hexdigest()
    assert not (second.run.home.folder / "artifacts" / hashlib.sha256(b"old").hexdigest()).exists()


def test_a_content_that_another_path_has_is_not_forgotten(make_world: Callable[..., World]) -> None:
    first = make_world(fence=0, name="q1")
    first.run.run([first.file("a.txt", b"old"), first.file("b.txt", b"old")])
    second = make_world(fence=1_000, name="q2")
    second.run.run([second.file("a.txt", b"new")])
    assert (second.run.home.folder / "artifacts" / hashlib.sha256(b"old").hexdigest()).exists()


def test_what_is_gone_leaves_index_manifest_and_home(make_world: Callable[..., World]) -> None:
    first = make_world(fence=0, name="q1")
    task = first.file("a.txt")
    first.run.run([task])
    second = make_world(fence=1_000, name="q2")
    second.run.run([Task(path=task.path, entry=second.manifest.get(task.path), deleted=True)])
    assert second.manifest.get(task.path) is None
    assert second.index.document(task.file_id) is None
    assert list((second.run.home.folder / "artifacts").iterdir()) == []
    assert [(result.state, result.reason) for result in second.results] == [("tombstoned", "object_gone")]


def test_a_dead_letter_is_told_from_the_ledger(world: World) -> None:
    world.state = State.DEAD_LETTERED
    task = world.file("a.txt")
    world.run.run([task])
    entry = world.manifest.get(task.path)
    assert entry is not None
    assert entry.is_unfinished
    assert [result.has_trouble for result in world.results] == [True]


def test_a_file_over_the_limit_is_indexed_by_name_without_an_upload(world: World) -> None:
    world.run.run([world.file("film.mp4", b"x" * 1_001)])
    assert world.seen == []
    assert [(result.state, result.reason) for result in world.results] == [("no_content", "too_large")]


def test_files_that_cannot_be_read_fail_alone(world: World) -> None:
    vanished = world.file("gone.txt")
    Path(vanished.path).unlink()
    unreadable = world.docs / "mem.txt"
    # opening it works, reading it does not, whoever asks
    unreadable.symlink_to("/proc/self/mem")
    world.run.run([vanished, Task(path=str(unreadable)), world.file("a.txt")])
    assert [(result.state, result.reason) for result in world.results] == [
        ("failed", "No such file or directory"),
        ("failed", "Input/output error"),
        ("indexed", None),
    ]


def test_an_interruption_keeps_what_is_finished_and_counts_what_is_left(world: World) -> None:
    tasks = [world.file(f"{number}.txt", b"%d" % number) for number in range(25)]
    world.stop_after = 10
    with pytest.raises(JobInterrupted):
        world.run.run(tasks)
    assert len(world.results) == 10
    assert world.run.left == 15
    assert len(list(world.manifest.entries())) == 10


def test_a_message_that_vanished_without_an_end_is_a_dead_letter(world: World) -> None:
    def lose_all() -> None:
        world.queue.delete(world.queue.receive(limit=10, wait_s=0))

    world.run.worker.check = lose_all  # type: ignore[method-assign]
    world.run.run([world.file("a.txt")])
    assert [(result.state, result.reason) for result in world.results] == [
        ("dead_lettered", "malformed_message")
    ]


def test_progress_counts_what_is_done_of_all(world: World) -> None:
    world.run.run([world.file("a.txt", b"a"), world.file("b.txt", b"b")])
    assert [(step.done, step.total) for step in world.progress][-1] == (2, 2)
    assert world.progress[-1].pages == 2


def test_a_file_is_told_of_when_nothing_is_pending_of_it_any_more(world: World) -> None:
    world.end = replace(world.end, index_pending=True, vectors_pending=True)
    task = world.file("a.txt")
    turns: list[int] = []
    turn = world.turn

    def turn_then_fill() -> None:
        turn()
        turns.append(len(world.results))
        if len(turns) == 4:
            world.fill(task)

    world.run.worker.check = turn_then_fill  # type: ignore[method-assign]
    world.run.run([task])
    assert turns == [0, 0, 0, 0]
    assert [result.state for result in world.results] == ["indexed"]
    assert world.progress[-1].total == 1


def test_vectors_that_nobody_fills_in_are_left_to_the_next_run(world: World) -> None:
    world.end = replace(world.end, vectors_pending=True)
    world.run.pending_timeout_s = 0.05
    task = world.file("a.txt")
    world.run.run([task])
    assert [result.state for result in world.results] == ["indexed"]
    entry = world.manifest.get(task.path)
    assert entry is not None
    assert entry.is_unfinished


def test_a_stop_does_not_wait_for_what_is_pending(world: World) -> None:
    world.end = replace(world.end, vectors_pending=True)
    world.stop_after = 1
    with pytest.raises(JobInterrupted):
        world.run.run([world.file("a.txt")])
    assert [result.state for result in world.results] == ["indexed"]

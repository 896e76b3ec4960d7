"""A small world for tests of the worker's core: real classes, AWS faked on the wire, a clock in hand."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from moto import mock_aws

from worker.aws.bedrock_client import BedrockClient, CallPolicy
from worker.aws.clients import Clients, make_clients
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.pending_files import PendingFiles
from worker.aws.provisioning import provision
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.aws.storage_handler import StorageHandler
from worker.config import sandbox_environment
from worker.consumer import Consumer, ConsumerOptions
from worker.delivery.claims import Claimer
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Heartbeat
from worker.delivery.parked_messages import ParkedMessages
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader
from worker.document.embedder import Embedder
from worker.errors import UnavailableError
from worker.extract.read_options import Limits, ReadOptions
from worker.file_processor import FileProcessor
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Job
from worker.replayer import Replayer
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.sandbox.scheduler import Sandbox


@dataclass
class Clock:
    """Monotonic seconds that pass when the test says so."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


@dataclass
class World:
    """One worker's adapters on a fake AWS. `other` is the ledger as a second worker writes it."""

    clock: Clock
    clients: Clients
    queue: QueueManager
    queue_url: str
    dlq_url: str
    table: FileTable
    other: FileTable
    storage: StorageHandler
    store: ArtifactStore
    claimer: Claimer
    heartbeat: Heartbeat
    parked: ParkedMessages
    metrics: Metrics
    shutdown: Shutdown
    sandbox: Sandbox
    index: SqliteIndex
    processor: FileProcessor
    consumer: Consumer
    replayer: Replayer
    work_root: Path
    bucket: str = "source"
    _keys: list[str] = field(default_factory=list)

    def put(self, key: str, data: bytes = b"content") -> FileMessage:
        """Put an object and return the message that would announce it."""
        self.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=data)
        return self.message(key)

    def message(self, key: str) -> FileMessage:
        return FileMessage(event_type=EventType.FILE_UPLOADED, bucket=self.bucket, key=key)

    def announce(self, key: str) -> None:
        body = {"eventType": "FILE_UPLOADED", "s3Bucket": self.bucket, "s3Key": key}
        self.queue.send(json.dumps(body))

    def work(self) -> None:
        """Receive what is there and work all of it to its end, in this thread."""
        self.consumer.step()
        while self.consumer.in_flight:
            self.consumer.attempt_step()

    def waiting(self) -> int:
        """How many messages the queue would give out, now or later."""
        depth = self.queue.depth()
        return depth.visible + depth.in_flight + depth.delayed

    def receive(self) -> ReceivedMessage:
        (message,) = self.queue.receive(limit=1, wait_s=0)
        return message

    def claim(self, message: FileMessage, *, message_id: str = "m1") -> Job:
        job = self.claimer.claim(message, message_id=message_id)
        assert isinstance(job, Job)
        return job

    def row(self, key: str) -> FileRow:
        row = self.table.read(self.message(key).file_id)
        assert row is not None
        return row

    @contextmanager
    def index_locked(self) -> Iterator[None]:
        """Nobody can write to the index meanwhile: another process has locked its file."""
        self.index._file._connection.execute("PRAGMA busy_timeout = 0")
        with closing(sqlite3.connect(self.work_root / "index.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    def dead_letters(self) -> list[dict[str, object]]:
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.dlq_url, MaxNumberOfMessages=10, MessageAttributeNames=["cis"]
        )
        return [
            json.loads(message["MessageAttributes"]["cis"]["StringValue"])
            for message in answer.get("Messages", [])
        ]


OPTIONS = ReadOptions(
    limits=Limits(
        max_file_bytes=1_000_000,
        max_pixels=50_000_000,
        max_text_chars=1_000_000,
        page_timeout_s=60,
        document_timeout_s=60,
        document_timeout_per_page_s=20,
        memory_bytes=2 * 1024**3,
        cpu_s=600,
        output_bytes=1024**3,
    ),
    languages=("jpn", "eng"),
    dpi=200,
)


def _bedrock(clients: Clients, clock: Clock) -> BedrockClient:
    policy = CallPolicy(
        limiter=AdaptiveRateLimiter(1000, 1, 1000, clock=clock, wait=clock.wait),
        breaker=CircuitBreaker(expected_exception=UnavailableError, clock=clock),
        retry=lambda tries: RetryHandler(max_retries=tries, wait=clock.wait),
    )
    return BedrockClient(clients.bedrock, image_model="", text_model="", policy=policy)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        made = provision(
            clients, queue_name="q", dlq_name="dlq", buckets=["source", "results"], table="files"
        )
        queue = QueueManager(
            clients.sqs, queue_url=made[0].identifier, dlq_url=made[1].identifier, clock=clock
        )
        table, other = (
            FileTable(clients.dynamodb, table="files", owner=owner, pipeline_version="1")
            for owner in ("me", "other")
        )
        storage = StorageHandler(clients.s3, results_bucket="results")
        metrics = Metrics()
        shutdown = Shutdown(timeout_s=110, clock=clock)
        store = ArtifactStore(storage, extraction_key="key")
        heartbeat = Heartbeat(queue=queue, table=table, visibility_s=120, metrics=metrics, clock=clock)
        parked = ParkedMessages(table=table, clock=clock)
        sandbox = Sandbox(
            options=OPTIONS, slots=2, work_root=tmp_path / "work", environment=sandbox_environment()
        )
        index = SqliteIndex(tmp_path / "index.sqlite3")
        processor = FileProcessor(
            storage=storage,
            table=table,
            store=store,
            index=index,
            embedder=Embedder(
                bedrock=_bedrock(clients, clock),
                store=store,
                image_model="",
                text_model="",
                metrics=metrics,
            ),
            reader=DocumentReader(
                sandbox=sandbox,
                store=store,
                table=table,
                shutdown=shutdown,
                metrics=metrics,
                interruption_expected=lambda: False,
            ),
            metrics=metrics,
            work_root=tmp_path,
            max_file_bytes=OPTIONS.limits.max_file_bytes,
        )
        claimer = Claimer(storage=storage, table=table)
        yield World(
            clock=clock,
            sandbox=sandbox,
            index=index,
            processor=processor,
            consumer=Consumer(
                queue=queue,
                table=table,
                claimer=claimer,
                dead_letters=DeadLetters(queue=queue, table=table),
                processor=processor,
                heartbeat=heartbeat,
                parked=parked,
                shutdown=shutdown,
                metrics=metrics,
                options=ConsumerOptions(
                    source_buckets=("source", "missing"), max_documents=4, max_failures=3, poll_wait_s=0
                ),
                interruption_expected=lambda: False,
            ),
            clients=clients,
            queue=queue,
            queue_url=made[0].identifier,
            dlq_url=made[1].identifier,
            table=table,
            other=other,
            storage=storage,
            store=store,
            claimer=claimer,
            heartbeat=heartbeat,
            parked=parked,
            replayer=Replayer(
                pending=PendingFiles(client=clients.dynamodb, name="files", table=table),
                store=store,
                embedder=processor.embedder,
                index=index,
                queue=queue,
                shutdown=shutdown,
                metrics=metrics,
                random=Random(1),
                threads=1,
                interval_s=60,
            ),
            metrics=metrics,
            shutdown=shutdown,
            work_root=tmp_path,
        )


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for something that another thread or process does, with a deadline."""

    tick = threading.Event()

    def wait_until(done: Callable[[], bool], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, "it did not happen in time"
            tick.wait(0.02)

    return wait_until


@pytest.fixture
def live(world: World) -> Iterator[World]:
    """The world with a sandbox that reads files."""
    over = threading.Event()
    world.sandbox.start()

    def drive() -> None:
        while not over.is_set():
            world.sandbox.step(0.02)

    thread = threading.Thread(target=drive, daemon=True)
    thread.start()
    yield world
    over.set()
    thread.join(5)
    world.sandbox.close()

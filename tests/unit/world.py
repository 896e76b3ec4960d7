"""One worker's parts on a fake AWS: real classes, moto on the wire, a clock that the test moves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from tests.unit.clock import Clock
from tests.unit.read_options import OPTIONS
from tests.unit.refusals import cut_off, make_gate, monitor_resources
from worker.attempt import Attempts
from worker.aws.bedrock_client import BedrockClient, CallPolicy
from worker.aws.clients import Clients
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.pending_files import PendingFiles
from worker.aws.queue_manager import QueueManager, ReceivedMessage
from worker.aws.storage_handler import StorageHandler
from worker.config import sandbox_environment
from worker.consumer import Consumer
from worker.delivery.attempt_queue import AttemptQueue
from worker.delivery.claims import Claimer
from worker.delivery.crash_detector import CrashDetector
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Heartbeat
from worker.delivery.local_health import Floors, LocalHealth
from worker.delivery.message_bodies import MessageBodies
from worker.delivery.parked_messages import ParkedMessages
from worker.delivery.settlement import Settlement
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader
from worker.document.embedder import Embedder
from worker.errors import UnavailableError
from worker.file_processor import FileProcessor
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Job
from worker.replayer import Replayer
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.resource_monitor import ResourceMonitor
from worker.resilience.retry_handler import RetryHandler
from worker.runtime.metrics import Metrics
from worker.runtime.process_record import ProcessRecord
from worker.runtime.shutdown import Shutdown
from worker.runtime.work_root import WorkRoot
from worker.sandbox.scheduler import Sandbox

TABLE = "files"
RESULTS = "results"


@dataclass(eq=False)
class World:
    """A worker whose parts are made when they are first used; a test may put its own in their place."""

    clients: Clients
    clock: Clock
    work_root: Path
    queue_url: str
    dlq_url: str
    bucket: str = "source"
    source_buckets: tuple[str, ...] = ("source", "missing")

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics()

    @cached_property
    def shutdown(self) -> Shutdown:
        return Shutdown(timeout_s=110, clock=self.clock)

    @cached_property
    def queue(self) -> QueueManager:
        sqs = self.clients.sqs
        queue = QueueManager(sqs, queue_url=self.queue_url, dlq_url=self.dlq_url, clock=self.clock)
        queue.store_large_bodies(MessageBodies(storage=self.storage).store)
        return queue

    @cached_property
    def table(self) -> FileTable:
        return FileTable(self.clients.dynamodb, table=TABLE, owner="me", pipeline_version="1", boot_id="boot")

    @cached_property
    def other(self) -> FileTable:
        """The ledger as a second worker writes it."""
        return FileTable(self.clients.dynamodb, table=TABLE, owner="other", pipeline_version="1")

    @cached_property
    def storage(self) -> StorageHandler:
        return StorageHandler(self.clients.s3, results_bucket=RESULTS, sources=make_gate(self))

    @cached_property
    def resources(self) -> ResourceMonitor:
        return monitor_resources(self, TABLE, RESULTS)

    @cached_property
    def store(self) -> ArtifactStore:
        return ArtifactStore(self.storage, extraction_key="key")

    @cached_property
    def claimer(self) -> Claimer:
        return Claimer(storage=self.storage, table=self.table)

    @cached_property
    def heartbeat(self) -> Heartbeat:
        return Heartbeat(
            queue=self.queue, table=self.table, visibility_s=120, metrics=self.metrics, clock=self.clock
        )

    @cached_property
    def parked(self) -> ParkedMessages:
        return ParkedMessages(table=self.table, clock=self.clock)

    @cached_property
    def local_health(self) -> LocalHealth:
        root, floors = WorkRoot(self.work_root), Floors(disk_bytes=0, memory_bytes=0)
        return LocalHealth(work_root=root, floors=floors, shutdown=self.shutdown, metrics=self.metrics)

    @cached_property
    def attempt_queue(self) -> AttemptQueue:
        return AttemptQueue(self.shutdown)

    @cached_property
    def record(self) -> ProcessRecord:
        return ProcessRecord(self.work_root / "state", deployment="d", boot_id="boot")

    @cached_property
    def crash_detector(self) -> CrashDetector:
        return CrashDetector(record=self.record, table=self.table, metrics=self.metrics)

    @cached_property
    def sandbox(self) -> Sandbox:
        return Sandbox(
            options=OPTIONS, slots=2, work_root=self.work_root / "work", environment=sandbox_environment()
        )

    @cached_property
    def index(self) -> SqliteIndex:
        return SqliteIndex(self.work_root / "index.sqlite3")

    @cached_property
    def bedrock(self) -> BedrockClient:
        policy = CallPolicy(
            limiter=AdaptiveRateLimiter(1000, 1, 1000, clock=self.clock, wait=self.clock.wait),
            breaker=CircuitBreaker(expected_exception=UnavailableError, clock=self.clock),
            retry=lambda tries: RetryHandler(max_retries=tries, wait=self.clock.wait),
        )
        return BedrockClient(self.clients.bedrock, image_model="", text_model="", policy=policy)

    @cached_property
    def embedder(self) -> Embedder:
        return Embedder(
            bedrock=self.bedrock, store=self.store, image_model="", text_model="", metrics=self.metrics
        )

    @cached_property
    def reader(self) -> DocumentReader:
        return DocumentReader(
            sandbox=self.sandbox,
            store=self.store,
            table=self.table,
            shutdown=self.shutdown,
            metrics=self.metrics,
            interruption_expected=lambda: False,
        )

    @cached_property
    def processor(self) -> FileProcessor:
        return FileProcessor(
            storage=self.storage,
            table=self.table,
            store=self.store,
            index=self.index,
            embedder=self.embedder,
            reader=self.reader,
            metrics=self.metrics,
            local_health=self.local_health,
            max_file_bytes=OPTIONS.limits.max_file_bytes,
            resources=self.resources,
        )

    @cached_property
    def attempts(self) -> Attempts:
        return Attempts(
            bodies=MessageBodies(storage=self.storage),
            claimer=self.claimer,
            dead_letters=DeadLetters(
                queue=self.queue, table=self.table, index=self.index, restore=self.processor.restore
            ),
            processor=self.processor,
            parked=self.parked,
            attempt_queue=self.attempt_queue,
            record=self.record,
            shutdown=self.shutdown,
            metrics=self.metrics,
            source_buckets=self.source_buckets,
            max_failures=3,
        )

    @cached_property
    def settlement(self) -> Settlement:
        return Settlement(
            queue=self.queue,
            table=self.table,
            heartbeat=self.heartbeat,
            shutdown=self.shutdown,
            metrics=self.metrics,
            parked=self.parked,
        )

    @cached_property
    def consumer(self) -> Consumer:
        return Consumer(
            queue=self.queue,
            attempts=self.attempts,
            settlement=self.settlement,
            heartbeat=self.heartbeat,
            local_health=self.local_health,
            parked=self.parked,
            attempt_queue=self.attempt_queue,
            shutdown=self.shutdown,
            metrics=self.metrics,
            max_documents=4,
            poll_wait_s=0,
            interruption_expected=lambda: False,
            resources=self.resources,
        )

    @cached_property
    def replayer(self) -> Replayer:
        return Replayer(
            pending=PendingFiles(client=self.clients.dynamodb, name=TABLE, table=self.table),
            store=self.store,
            embedder=self.embedder,
            index=self.index,
            queue=self.queue,
            shutdown=self.shutdown,
            metrics=self.metrics,
            random=Random(1),
            threads=1,
            interval_s=60,
        )

    def put(self, key: str, data: bytes = b"content") -> FileMessage:
        """Put an object and return the message that would announce it."""
        self.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=data)
        return self.message(key)

    def message(self, key: str) -> FileMessage:
        return FileMessage(event_type=EventType.FILE_UPLOADED, bucket=self.bucket, key=key)

    def announce(self, key: str) -> None:
        self.queue.send(json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": self.bucket, "s3Key": key}))

    def work(self) -> None:
        """Receive what is there and process all of it, in this thread."""
        self.consumer.step()
        while self.consumer.in_flight:
            self.consumer.attempt_step()

    def fail(self, client: str, operation: str, times: int = 1_000, *, after: int = 0) -> None:
        """The next calls of an operation, but for the first `after`, never reach the service."""
        cut_off(getattr(self.clients, client), operation, times, after=after)

    def waiting(self) -> int:
        """How many messages the queue holds, visible or not."""
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

    def dead_letters(self) -> list[dict[str, object]]:
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.dlq_url, MaxNumberOfMessages=10, MessageAttributeNames=["cis"]
        )
        return [
            json.loads(message["MessageAttributes"]["cis"]["StringValue"])
            for message in answer.get("Messages", [])
        ]

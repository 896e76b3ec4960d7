"""The components of a worker, made from its settings around what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from worker.attempt import Attempts
from worker.aws.answers.call_counts import CallCounts
from worker.aws.answers.hooks import AnswerHooks, CredentialRefresh
from worker.aws.clients import Clients
from worker.aws.file_table import FileTable
from worker.aws.pending_files import PendingFiles
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings
from worker.consumer import Consumer
from worker.delivery.attempt_queue import AttemptQueue
from worker.delivery.claims import Claimer
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Heartbeat
from worker.delivery.local_health import Floors, LocalHealth
from worker.delivery.message_bodies import MessageBodies
from worker.delivery.parked_messages import ParkedMessages
from worker.delivery.settlement import Settlement
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader
from worker.document.embedder import Embedder
from worker.document.options_from_settings import local_extraction_key
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import Spool
from worker.extract.extraction_key import PIPELINE_VERSION
from worker.extract.tools import Tools
from worker.file_processor import FileProcessor
from worker.replayer import Replayer
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.resource_monitor import ResourceMonitor
from worker.resilience.source_gate import SourceGate
from worker.runtime.identity import unique_name
from worker.runtime.log_files import LogFiles
from worker.runtime.log_sweep import LogSweep
from worker.runtime.metrics import Metrics
from worker.runtime.process_record import ProcessRecord, read_boot_id
from worker.runtime.shutdown import Shutdown
from worker.runtime.work_root import WorkRoot
from worker.sandbox.scheduler import Sandbox
from worker.services import open_bedrock, open_index

# An idle worker stops within seconds, and its polls cost cents a month (docs/decisions, 34).
_LONGEST_POLL_S = 2
# More than one bulk request gathers, so that others are read while it is on its way; SQLite gathers nothing.
_WRITING_PLACES = 30


def poll_wait_s(settings: Settings) -> int:
    """How long one poll waits.

    A stop waits for the open poll, and a message that arrives at its end must have most of its lease left.
    """
    longest_s = min(_LONGEST_POLL_S, settings.stop_budget_s / 3, settings.visibility_s / 4)
    return int(min(settings.poll_wait_s, longest_s))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """What most components are built from."""

    settings: Settings
    clients: Clients
    sandbox: Sandbox
    metrics: Metrics
    shutdown: Shutdown
    interruption_expected: Callable[[], bool]
    resources: ResourceMonitor


def watch_resources(shared: Shared) -> None:
    """Have the monitor hear how calls on our own resources end, and refused credentials renewed."""
    settings, credentials = shared.settings, shared.clients.credentials
    shared.metrics.watch_sum(
        "reading_cpu_seconds",
        "CPU time of the document processes that have ended.",
        lambda: shared.sandbox.cpu_s,
    )
    CallCounts(metrics=shared.metrics).register(shared.clients)
    AnswerHooks(
        monitor=shared.resources,
        resources={
            settings.queue_url: "queue",
            settings.dlq_url: "dead-letter queue",
            settings.file_table: "table",
            settings.results_bucket: "results bucket",
        },
        refresh=CredentialRefresh(credentials=credentials) if credentials else None,
    ).register(shared.clients)


def make_consumer(shared: Shared, tools: Tools, local_health: LocalHealth) -> Consumer:
    """The consumer with all that one message needs, from its receipt to its settlement."""
    settings, shutdown, metrics = shared.settings, shared.shutdown, shared.metrics
    queue, table = _queue(shared), _table(shared)
    storage, store = _stores(shared, tools, local_health.work_root)
    bodies = MessageBodies(storage=storage)
    queue.store_large_bodies(bodies.store)
    parked, attempt_queue = ParkedMessages(table=table), _attempt_queue(shared)
    processor = _processor(shared, storage, table, store, local_health, attempt_queue)
    heartbeat = Heartbeat(queue=queue, table=table, visibility_s=settings.visibility_s, metrics=metrics)
    attempts = Attempts(
        bodies=bodies,
        claimer=Claimer(storage=storage, table=table),
        dead_letters=DeadLetters(queue=queue, table=table, index=processor.index, restore=processor.restore),
        processor=processor,
        parked=parked,
        attempt_queue=attempt_queue,
        record=_process_record(settings),
        shutdown=shutdown,
        metrics=metrics,
        source_buckets=settings.source_buckets,
        max_failures=settings.max_failures,
    )
    return Consumer(
        queue=queue,
        attempts=attempts,
        settlement=Settlement(
            queue=queue, table=table, heartbeat=heartbeat, shutdown=shutdown, metrics=metrics, parked=parked
        ),
        heartbeat=heartbeat,
        local_health=local_health,
        parked=parked,
        attempt_queue=attempt_queue,
        shutdown=shutdown,
        metrics=metrics,
        max_documents=settings.max_documents,
        poll_wait_s=poll_wait_s(settings),
        interruption_expected=shared.interruption_expected,
        resources=shared.resources,
        pace=_pace(shared),
    )


def _attempt_queue(shared: Shared) -> AttemptQueue:
    is_gathered = shared.settings.index == "opensearch"
    return AttemptQueue(shared.shutdown, writing_places=_WRITING_PLACES if is_gathered else 0)


def make_local_health(shared: Shared, work_root: WorkRoot) -> LocalHealth:
    """What watches whether this machine can work."""
    settings = shared.settings
    return LocalHealth(
        work_root=work_root,
        floors=Floors(
            disk_bytes=settings.min_free_disk_bytes,
            memory_bytes=settings.min_free_memory_bytes,
            timeout_s=settings.local_fault_timeout_s,
        ),
        shutdown=shared.shutdown,
        metrics=shared.metrics,
    )


def make_log_sweep(settings: Settings, files: LogFiles, consumer: Consumer) -> LogSweep:
    """The sweep over log files, which are shipped to the results bucket where the settings say so."""
    storage = consumer.attempts.claimer.storage

    def ship(path: Path, key: str) -> None:
        storage.upload(settings.results_bucket, key, path, content_type="application/x-ndjson")

    return LogSweep(
        files=files,
        keep_days=settings.log_keep_days,
        max_bytes=settings.log_max_bytes,
        ship=ship if settings.log_ship else None,
    )


def _pace(shared: Shared) -> Callable[[], object]:
    """What waits for the turn of the next message, where their rate is limited."""
    rate = shared.settings.max_messages_per_s
    if not rate:
        return lambda: None
    return AdaptiveRateLimiter(rate, rate, rate, wait=shared.shutdown.wait).acquire


def _process_record(settings: Settings) -> ProcessRecord:
    """The record of this process; workers of other queues and tables on this machine have theirs."""
    deployment = sha256(f"{settings.queue_url}\0{settings.file_table}".encode()).hexdigest()[:16]
    return ProcessRecord(settings.state_dir, deployment=deployment, boot_id=read_boot_id())


def _processor(
    shared: Shared,
    storage: StorageHandler,
    table: FileTable,
    store: ArtifactStore,
    local_health: LocalHealth,
    attempt_queue: AttemptQueue,
) -> FileProcessor:
    reader = DocumentReader(
        sandbox=shared.sandbox,
        store=store,
        table=table,
        shutdown=shared.shutdown,
        metrics=shared.metrics,
        interruption_expected=shared.interruption_expected,
    )
    return FileProcessor(
        storage=storage,
        table=table,
        store=store,
        index=open_index(
            shared.settings,
            wait=shared.shutdown.wait,
            metrics=shared.metrics,
            expects_more=attempt_queue.expects_more_writes,
        ),
        embedder=_embedder(shared, store),
        reader=reader,
        metrics=shared.metrics,
        local_health=local_health,
        max_file_bytes=shared.settings.max_file_bytes,
        resources=shared.resources,
        writing=attempt_queue.writing,
    )


def make_replayer(shared: Shared, consumer: Consumer) -> Replayer:
    """A replayer that shares the processor's clients: a service has one breaker and one rate limit."""
    name, processor = shared.settings.file_table, consumer.attempts.processor
    return Replayer(
        pending=PendingFiles(client=shared.clients.dynamodb, name=name, table=processor.table),
        store=processor.store,
        embedder=processor.embedder,
        index=processor.index,
        queue=consumer.queue,
        shutdown=shared.shutdown,
        metrics=shared.metrics,
        random=Random(),
        interval_s=shared.settings.replay_interval_s,
    )


def _stores(shared: Shared, tools: Tools, work_root: WorkRoot) -> tuple[StorageHandler, ArtifactStore]:
    storage = StorageHandler(
        shared.clients.s3,
        results_bucket=shared.settings.results_bucket,
        sources=SourceGate(shared.settings.source_buckets),
    )
    uploader = BackgroundUploader(
        storage,
        Spool(work_root),
        shutdown=shared.shutdown,
        metrics=shared.metrics,
        random=Random(),
        limit=shared.settings.max_pending_uploads,
    )
    key = local_extraction_key(shared.settings, tools)
    return storage, ArtifactStore(storage, extraction_key=key, uploader=uploader)


def _queue(shared: Shared) -> QueueManager:
    settings, clients = shared.settings, shared.clients
    return QueueManager(
        clients.sqs,
        queue_url=settings.queue_url,
        dlq_url=settings.dlq_url,
        poll_client=clients.sqs_poll,
        visibility_s=settings.visibility_s,
    )


def _table(shared: Shared) -> FileTable:
    settings, clients = shared.settings, shared.clients
    return FileTable(
        clients.dynamodb,
        table=settings.file_table,
        # Unique for each start, so that the ledger names the process that holds a file.
        owner=settings.worker_id or unique_name(),
        pipeline_version=PIPELINE_VERSION,
        boot_id=read_boot_id(),
    )


def _embedder(shared: Shared, store: ArtifactStore) -> Embedder:
    settings = shared.settings
    return Embedder(
        bedrock=open_bedrock(settings, shared.clients, wait=shared.shutdown.wait, metrics=shared.metrics),
        store=store,
        image_model=settings.image_model,
        text_model=settings.text_model,
        metrics=shared.metrics,
    )

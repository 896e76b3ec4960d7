"""Composition root: settings become components, components become one running worker."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random

from worker.attempt import Attempts
from worker.aws.clients import Clients, make_clients, secrets_client
from worker.aws.file_table import FileTable
from worker.aws.instance_metadata import InstanceMetadata
from worker.aws.pending_files import PendingFiles
from worker.aws.queue_manager import QueueManager
from worker.aws.secret_store import read_passwords
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings, require, sandbox_environment
from worker.consumer import Consumer
from worker.delivery.attempt_queue import AttemptQueue
from worker.delivery.claims import Claimer
from worker.delivery.crash_detector import CrashDetector
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Heartbeat
from worker.delivery.parked_messages import ParkedMessages
from worker.delivery.settlement import Settlement
from worker.document.artifacts import ArtifactStore
from worker.document.document_reader import DocumentReader
from worker.document.embedder import Embedder
from worker.document.options_from_settings import read_options
from worker.extract.extraction_key import PIPELINE_VERSION, extraction_key
from worker.extract.read_options import ReadOptions
from worker.extract.tools import Tools, resolve_options, tool_versions
from worker.file_processor import FileProcessor
from worker.lifecycle import Lifecycle
from worker.replayer import Replayer
from worker.runtime.metrics import Metrics
from worker.runtime.process_record import ProcessRecord, read_boot_id
from worker.runtime.shutdown import Shutdown
from worker.runtime.work_root import make_work_root, remove_work_root
from worker.sandbox.scheduler import Sandbox
from worker.services import open_bedrock, open_index
from worker.spot_handler import SpotInterruptionHandler


def _add_secret_passwords(options: ReadOptions, settings: Settings) -> ReadOptions:
    """The options with the passwords in AWS Secrets Manager after those of the environment."""
    if not settings.pdf_passwords_secret:
        return options
    passwords = read_passwords(secrets_client(region=settings.aws_region), settings.pdf_passwords_secret)
    return replace(options, pdf_passwords=(*options.pdf_passwords, *passwords))


def local_extraction_key(settings: Settings, tools: Tools) -> str:
    """The extraction key of files that are read here, with these settings and tools."""
    options = resolve_options(read_options(settings), tools)
    return extraction_key(options, tool_versions(options, tools))


def run(settings: Settings) -> int:
    """Run a worker until it is stopped; the exit status, 0 unless an operator must fix something.

    Raises MisconfiguredError when it cannot start.
    """
    require(settings, "queue_url", "dlq_url", "results_bucket", "file_table")
    options = _add_secret_passwords(read_options(settings), settings)
    work_root = make_work_root(settings.work_dir)
    sandbox = Sandbox(
        options=options,
        slots=settings.slots,
        work_root=work_root,
        environment=sandbox_environment(),
    )
    try:
        # Before any thread exists: a fork of a threaded process may deadlock.
        tools = sandbox.start()
        return build(settings, sandbox, tools, work_root).run()
    finally:
        sandbox.close()
        # After the sandbox: its children may still write there.
        remove_work_root(work_root)


def build(settings: Settings, sandbox: Sandbox, tools: Tools, work_root: Path) -> Lifecycle:
    """Build every component of a worker around a started sandbox."""
    metrics = Metrics()
    shutdown = Shutdown(timeout_s=settings.stop_budget_s)
    spot = SpotInterruptionHandler(InstanceMetadata(settings.metadata_endpoint), shutdown, metrics)
    shared = _Shared(
        settings=settings,
        clients=make_clients(region=settings.aws_region),
        sandbox=sandbox,
        metrics=metrics,
        shutdown=shutdown,
        interruption_expected=lambda: spot.interruption_expected,
    )
    consumer = _consumer(shared, tools, work_root)
    return Lifecycle(
        shutdown=shutdown,
        consumer=consumer,
        heartbeat=consumer.heartbeat,
        sandbox=sandbox,
        spot=spot,
        metrics=metrics,
        replayer=_replayer(shared, consumer),
        crash_detector=CrashDetector(
            record=consumer.attempts.record, table=consumer.attempts.processor.table, metrics=metrics
        ),
        http_host=settings.http_host,
        http_port=settings.http_port,
        attempts=settings.max_documents,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shared:
    """What most components are built from."""

    settings: Settings
    clients: Clients
    sandbox: Sandbox
    metrics: Metrics
    shutdown: Shutdown
    interruption_expected: Callable[[], bool]


def _consumer(shared: _Shared, tools: Tools, work_root: Path) -> Consumer:
    settings, shutdown, metrics = shared.settings, shared.shutdown, shared.metrics
    queue, table = _queue(shared), _table(shared)
    storage, store = _stores(shared, tools)
    parked, attempt_queue = ParkedMessages(table=table), AttemptQueue(shutdown)
    heartbeat = Heartbeat(queue=queue, table=table, visibility_s=settings.visibility_s, metrics=metrics)
    attempts = Attempts(
        claimer=Claimer(storage=storage, table=table),
        dead_letters=DeadLetters(queue=queue, table=table),
        processor=_processor(shared, storage, table, store, work_root),
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
            queue=queue, table=table, heartbeat=heartbeat, shutdown=shutdown, metrics=metrics
        ),
        heartbeat=heartbeat,
        parked=parked,
        attempt_queue=attempt_queue,
        shutdown=shutdown,
        metrics=metrics,
        max_documents=settings.max_documents,
        # An open poll must end well within the shutdown timeout, and a message that arrives at its end must
        # have most of its lease left.
        poll_wait_s=int(min(settings.poll_wait_s, settings.stop_budget_s / 3, settings.visibility_s / 4)),
        interruption_expected=shared.interruption_expected,
    )


def _process_record(settings: Settings) -> ProcessRecord:
    """The record of this process; workers of other queues and tables on this machine have theirs."""
    deployment = sha256(f"{settings.queue_url}\0{settings.file_table}".encode()).hexdigest()[:16]
    return ProcessRecord(settings.state_dir, deployment=deployment, boot_id=read_boot_id())


def _processor(
    shared: _Shared, storage: StorageHandler, table: FileTable, store: ArtifactStore, work_root: Path
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
        index=open_index(shared.settings, wait=shared.shutdown.wait, metrics=shared.metrics),
        embedder=_embedder(shared, store),
        reader=reader,
        metrics=shared.metrics,
        work_root=work_root,
        max_file_bytes=shared.settings.max_file_bytes,
    )


def _replayer(shared: _Shared, consumer: Consumer) -> Replayer:
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


def _stores(shared: _Shared, tools: Tools) -> tuple[StorageHandler, ArtifactStore]:
    storage = StorageHandler(shared.clients.s3, results_bucket=shared.settings.results_bucket)
    return storage, ArtifactStore(storage, extraction_key=local_extraction_key(shared.settings, tools))


def _queue(shared: _Shared) -> QueueManager:
    settings, clients = shared.settings, shared.clients
    return QueueManager(
        clients.sqs,
        queue_url=settings.queue_url,
        dlq_url=settings.dlq_url,
        poll_client=clients.sqs_poll,
        visibility_s=settings.visibility_s,
    )


def _table(shared: _Shared) -> FileTable:
    settings, clients = shared.settings, shared.clients
    return FileTable(
        clients.dynamodb,
        table=settings.file_table,
        # Unique for each start, so that the ledger names the process that holds a file.
        owner=settings.worker_id or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
        pipeline_version=PIPELINE_VERSION,
        boot_id=read_boot_id(),
    )


def _embedder(shared: _Shared, store: ArtifactStore) -> Embedder:
    settings = shared.settings
    return Embedder(
        bedrock=open_bedrock(settings, shared.clients, wait=shared.shutdown.wait, metrics=shared.metrics),
        store=store,
        image_model=settings.image_model,
        text_model=settings.text_model,
        metrics=shared.metrics,
    )

"""The parts of the operator's commands, as the settings name them."""

from __future__ import annotations

import time
from collections.abc import Callable

from worker.aws.clients import Clients
from worker.aws.file_table import FileTable
from worker.aws.inspection import read_queue
from worker.aws.queue_manager import QueueManager
from worker.aws.scans.event_sender import EventSender
from worker.aws.scans.row_scan import RowScan
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings, require
from worker.delivery.message_bodies import MessageBodies
from worker.maintenance.dead_letters.walk import DeadLetterWalk, hold_s
from worker.maintenance.pace import Pace
from worker.maintenance.position import PositionStore
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.rerun import RerunCommand, RerunRequest

_OWNER = "operator"


def open_walk(settings: Settings, clients: Clients, *, wait: Callable[[float], bool]) -> DeadLetterWalk:
    """A walk over the dead-letter queue. Raises MisconfiguredError or UnavailableError."""
    require(settings, "dlq_url", "results_bucket", "file_table")
    held_s = hold_s(read_queue(clients.sqs, settings.dlq_url).depth)
    storage = StorageHandler(clients.s3, results_bucket=settings.results_bucket)
    return DeadLetterWalk(
        queue=QueueManager(
            clients.sqs,
            queue_url=settings.dlq_url,
            dlq_url=settings.dlq_url,
            poll_client=clients.sqs_poll,
            visibility_s=held_s,
        ),
        bodies=MessageBodies(storage=storage),
        table=open_table(settings, clients),
        wait=wait,
        clock=time.monotonic,
        hold_s=held_s,
    )


def open_work_queue(settings: Settings, clients: Clients) -> QueueManager:
    """The work queue, to send to. Bodies that do not fit it are stored as a worker stores them."""
    require(settings, "queue_url", "results_bucket")
    queue = QueueManager(clients.sqs, queue_url=settings.queue_url, dlq_url=settings.dlq_url)
    storage = StorageHandler(clients.s3, results_bucket=settings.results_bucket)
    queue.store_large_bodies(MessageBodies(storage=storage).store)
    return queue


def open_rerun(
    settings: Settings,
    clients: Clients,
    request: RerunRequest,
    *,
    pace: Pace,
    meter: ProgressMeter,
    is_dry_run: bool,
) -> RerunCommand:
    """A rerun on the ledger; its position is kept for this request on this table."""
    require(settings, "queue_url", "results_bucket", "file_table")
    scan = RowScan(client=clients.dynamodb, table=settings.file_table)
    meter.total = scan.count() or None
    return RerunCommand(
        request=request,
        scan=scan,
        sender=EventSender(client=clients.sqs, queue_url=settings.queue_url),
        position=PositionStore(
            storage=StorageHandler(clients.s3, results_bucket=settings.results_bucket),
            command="rerun",
            bucket=settings.file_table,
            prefix=request.digest,
        ),
        pace=pace,
        meter=meter,
        is_dry_run=is_dry_run,
    )


def open_table(settings: Settings, clients: Clients) -> FileTable:
    """The ledger, to read."""
    require(settings, "file_table")
    return FileTable(clients.dynamodb, table=settings.file_table, owner=_OWNER, pipeline_version="")

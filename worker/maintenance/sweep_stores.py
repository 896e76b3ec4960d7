"""What reconcile and backfill work on, made from the settings; and the place they are given, checked."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

from worker.aws.clients import Clients
from worker.aws.inspection import read_queue
from worker.aws.scans.event_sender import EventSender
from worker.aws.scans.object_listing import ObjectListing
from worker.aws.scans.row_scan import RowScan
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings, require
from worker.errors import MisconfiguredError
from worker.index.search_index import SearchIndex
from worker.maintenance.sweep import Stores
from worker.resilience.source_gate import SourceGate

_LOCATION = re.compile(r"s3://([A-Za-z0-9._-]{1,255})(?:/(.*))?", re.DOTALL)
# The most that SQS allows, where a server does not say.
_LONGEST_RETENTION = timedelta(days=14)
_MARGIN = timedelta(days=1)


def parse_location(location: str, settings: Settings) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`.

    Raises MisconfiguredError for anything else, and for a bucket that workers take no files from.
    """
    match = _LOCATION.fullmatch(location)
    if match is None:
        raise MisconfiguredError(f"{location!r} is no place in S3: give it as s3://bucket/prefix.")
    bucket, prefix = match[1], match[2] or ""
    if settings.source_buckets and bucket not in settings.source_buckets:
        raise MisconfiguredError(
            f"Bucket {bucket} is not a source of this worker, which would dead-letter its files. "
            "Add it to CIS_SOURCE_BUCKETS, for the workers too, or choose one of "
            f"{', '.join(settings.source_buckets)}."
        )
    if bucket == settings.results_bucket:
        raise MisconfiguredError(f"Bucket {bucket} is the results bucket: it holds no documents.")
    return bucket, prefix


def make_storage(settings: Settings, clients: Clients) -> StorageHandler:
    """Objects of the source buckets, and of the results bucket."""
    return StorageHandler(
        clients.s3,
        results_bucket=settings.results_bucket,
        sources=SourceGate(settings.source_buckets),
    )


def make_stores(settings: Settings, clients: Clients, index: SearchIndex, bucket: str) -> Stores:
    """All that reconcile reads and writes. Raises MisconfiguredError when a setting is missing."""
    require(settings, "queue_url", "results_bucket", "file_table")
    return Stores(
        objects=ObjectListing(client=clients.s3, bucket=bucket),
        results=ObjectListing(client=clients.s3, bucket=settings.results_bucket),
        storage=make_storage(settings, clients),
        scan=RowScan(client=clients.dynamodb, table=settings.file_table),
        index=index,
        sender=EventSender(client=clients.sqs, queue_url=settings.queue_url),
    )


def tombstone_retention(settings: Settings, clients: Clients) -> timedelta:
    """How long tombstones are kept: as set, and longer than any message that names a deleted file.

    A message may wait on the queue, then on the dead-letter queue, and is redriven after that.
    """
    require(settings, "queue_url", "dlq_url")
    on_queues = _MARGIN
    for url in (settings.queue_url, settings.dlq_url):
        retention_s = read_queue(clients.sqs, url).retention_s
        on_queues += _LONGEST_RETENTION if retention_s is None else timedelta(seconds=retention_s)
    return max(timedelta(days=settings.tombstone_retention_days), on_queues)


def snapshot_folder(settings: Settings) -> Path:
    """The folder of this user's temporary files of long commands."""
    return settings.work_dir / f"cis-maintenance-{os.getuid()}"

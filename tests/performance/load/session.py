"""What users and the probe do with AWS and the index, by the settings that a worker has."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.performance.load.accounts import SentFile
from tests.performance.load.errors import LoadError
from tests.performance.load.files import LoadFile
from worker.aws.clients import Clients, make_clients
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.translation import misconfigured, translate_errors
from worker.config import Settings, load_settings, require
from worker.errors import UnavailableError
from worker.index.search_index import SearchIndex
from worker.models.file import EventType, file_id
from worker.services import open_index

_NO_BUCKET = {
    "404": misconfigured(
        "There is no such bucket: correct CIS_SOURCE_BUCKETS, or make it with `cis-worker init`."
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Bucket, queue, ledger and index; the files of one run are below a prefix of its own."""

    clients: Clients
    queue: QueueManager
    table: FileTable
    index: SearchIndex
    bucket: str
    prefix: str

    def put(self, file: LoadFile) -> str:
        """Put a file into the bucket; returns its key."""
        key = f"{self.prefix}{file.name}"
        with translate_errors(f"put s3://{self.bucket}/{key}"):
            self.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=file.data)
        return key

    def announce(self, key: str, *, size_bytes: int = 0, event: EventType = EventType.FILE_UPLOADED) -> str:
        """Send a message about an object; returns the id of its file."""
        body = {
            "eventType": event.value,
            "s3Bucket": self.bucket,
            "s3Key": key,
            "fileSize": size_bytes,
            "uploadedAt": datetime.now(UTC).isoformat(),
            "metadata": {"originalPath": f"/{key}"},
        }
        self.queue.send(json.dumps(body))
        return file_id(self.bucket, key)

    def depth(self) -> int:
        """Messages of the queue, those in flight included."""
        depth = self.queue.depth()
        return depth.visible + depth.in_flight + depth.delayed

    def rows(self, file_ids: Collection[str]) -> Mapping[str, FileRow]:
        """The ledger's rows of 1 to 100 files."""
        return self.table.read_many(file_ids)

    def is_found(self, file: SentFile) -> bool:
        """Whether a search for the file's word finds the file."""
        hits = self.index.search(file.word, limit=3).hits
        return any(hit.file_id == file.file_id for hit in hits)

    def check(self) -> None:
        """Make each kind of call once, so that what is missing is said before the run.

        Raises WorkerError, and LoadError where nothing answers at all.
        """
        try:
            with translate_errors(f"find the bucket {self.bucket}", _NO_BUCKET):
                self.clients.s3.head_bucket(Bucket=self.bucket)
            self.queue.depth()
            self.table.read("load-check")
            self.index.search("loadcheck", limit=1)
        except UnavailableError as error:
            raise LoadError(
                f"{error} Check AWS_ENDPOINT_URL and its kin, OPENSEARCH_ENDPOINT, and whether it runs."
            ) from error

    def delete(self, key: str) -> None:
        """Delete an object, and send a message about that."""
        with translate_errors(f"delete s3://{self.bucket}/{key}"):
            self.clients.s3.delete_object(Bucket=self.bucket, Key=key)
        self.announce(key, event=EventType.FILE_DELETED)


def open_session(settings: Settings | None = None) -> Session:
    """A session by the environment, as a worker reads it. Raises WorkerError for what is not set."""
    settings = settings or load_settings()
    require(settings, "queue_url", "source_buckets", "file_table")
    clients = make_clients(region=settings.aws_region)
    return Session(
        clients=clients,
        queue=QueueManager(clients.sqs, queue_url=settings.queue_url, dlq_url=settings.dlq_url),
        table=FileTable(clients.dynamodb, table=settings.file_table, owner="load", pipeline_version="0"),
        index=open_index(settings),
        bucket=settings.source_buckets[0],
        prefix=f"load/{uuid.uuid4().hex[:8]}/",
    )

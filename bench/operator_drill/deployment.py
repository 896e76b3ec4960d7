"""A deployment on the embedded stack: its documents, its parts as a worker has them, its commands."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueDepth, QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.delivery.claims import Claimer
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Lease
from worker.embedded.child_process import clean_environment
from worker.embedded.stack import EmbeddedStack
from worker.errors import Code
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Job
from worker.outcome import Ending, Outcome

_POLL_S = 0.2
_COMMAND_S = 600.0


@dataclass(kw_only=True, eq=False)
class Deployment:
    """What the drill breaks and looks at; no worker may run while it breaks something."""

    stack: EmbeddedStack

    @cached_property
    def table(self) -> FileTable:
        """The ledger, as a worker that is gone wrote it."""
        clients, name = self.stack.clients, self.stack.resources.table
        return FileTable(clients.dynamodb, table=name, owner="gone", pipeline_version="4", boot_id="gone")

    @cached_property
    def storage(self) -> StorageHandler:
        """Source and results bucket."""
        return StorageHandler(self.stack.clients.s3, results_bucket=self.stack.resources.results_bucket)

    @cached_property
    def queue(self) -> QueueManager:
        """The work queue."""
        resources = self.stack.resources
        return QueueManager(self.stack.clients.sqs, queue_url=resources.queue_url, dlq_url=resources.dlq_url)

    @cached_property
    def index(self) -> SqliteIndex:
        """The search index."""
        return SqliteIndex(self.stack.home / "index.sqlite3")

    def put(self, key: str, data: bytes) -> None:
        """Store a document; its event is sent by the bucket."""
        self.stack.clients.s3.put_object(Bucket=self.stack.resources.source_bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        """Delete a document; its event is lost."""
        self.stack.clients.s3.delete_object(Bucket=self.stack.resources.source_bucket, Key=key)
        self.forget_events()

    def forget_events(self) -> None:
        """Take all events from the work queue."""
        while messages := self.queue.receive(limit=10, wait_s=0):
            self.queue.delete(messages)

    def message(self, key: str) -> FileMessage:
        """What names a document."""
        return FileMessage(
            event_type=EventType.FILE_UPLOADED, bucket=self.stack.resources.source_bucket, key=key
        )

    def row(self, key: str) -> FileRow:
        """The ledger's row of a document."""
        row = self.table.read(self.message(key).file_id)
        if row is None:
            raise LookupError(f"{key} has no row")
        return row

    def body(self, key: str) -> str:
        """A message body that names a document."""
        bucket = self.stack.resources.source_bucket
        return json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": bucket, "s3Key": key})

    def claim(self, key: str, message_id: str) -> Job:
        """Claim a document whose row is finished, as the worker does for a changed object."""
        row = self.table.read(self.message(key).file_id)
        claimer = Claimer(storage=self.storage, table=self.table)
        fence = row.fence if row is not None else None
        job = claimer.claim(self.message(key), message_id=message_id, redo_fence=fence)
        if not isinstance(job, Job):
            raise TypeError(f"{key} could not be claimed: {job}")
        return job

    def dead_letter(self, key: str, code: Code) -> None:
        """Dead-letter a document as a worker does: message, row and index entry."""
        self.queue.send(self.body(key))
        (message,) = self.queue.receive(limit=1, wait_s=1)
        lease = Lease(message, time.monotonic)
        lease.claim = self.claim(key, message.message_id).claim
        end = Outcome(ending=Ending.DEAD_LETTER, code=code, message=f"broken by the drill: {code}")
        DeadLetters(queue=self.queue, table=self.table, index=self.index).send(
            lease, self.message(key), end, alone=True
        )
        self.queue.delete([message])

    def change_row(self, key: str, **values: str | int) -> None:
        """Overwrite attributes of a row."""
        names = {f"#{name}": name for name in values}
        typed = {
            f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in values.items()
        }
        self.stack.clients.dynamodb.update_item(
            TableName=self.stack.resources.table,
            Key={"file_id": {"S": self.message(key).file_id}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=typed,
        )

    def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run `cis-worker` with some arguments; its exit status, its output and its messages."""
        done = subprocess.run(
            [sys.executable, "-m", "worker", *arguments],
            env=clean_environment(self.stack.environment()),
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def wait_until_idle(self, timeout_s: float = 600.0) -> None:
        """Wait until the work queue is empty and no row is unfinished. Raises TimeoutError."""
        wait_until(lambda: _is_empty(self.queue.depth()), timeout_s)


def wait_until(is_done: Callable[[], bool], timeout_s: float) -> None:
    """Wait until something is so. Raises TimeoutError."""
    tick, deadline = threading.Event(), time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the stack was not idle within {timeout_s} s")
        tick.wait(_POLL_S)


def picture(number: int) -> bytes:
    """A small picture without text, each with a content of its own."""
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (number * 37 % 256, number * 91 % 256, 128)).save(data, "PNG")
    return data.getvalue()


def last_line(output: str) -> str:
    """What a command said at its end."""
    lines: Sequence[str] = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _is_empty(depth: QueueDepth) -> bool:
    return not (depth.visible or depth.in_flight or depth.delayed)

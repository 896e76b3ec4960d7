"""A warm worker on the embedded stack, and the time of a document from message to index."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import WorkerProcess
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id

_DEADLINE_S = 3_600.0
_POLL_S, _LONGEST_POLL_S = 0.05, 1.0
_POLL_SHARE = 0.02
"""Of the time waited so far: each poll costs the embedded database CPU that a long document needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerUnderTest:
    """One worker process, its stack, its ledger and its index."""

    stack: EmbeddedStack
    process: WorkerProcess
    table: FileTable
    index: SqliteIndex

    def put(self, key: str, data: bytes) -> float:
        """Put an object, which sends its event; returns the monotonic time of that."""
        self.stack.clients.s3.put_object(Bucket=self.stack.resources.source_bucket, Key=key, Body=data)
        return time.monotonic()

    def finish(self, key: str) -> None:
        """Wait until the ledger has the file as indexed."""
        began = time.monotonic()
        while True:
            row = self._row(key)
            if row is not None and row.is_finished:
                if row.state.value != "indexed":
                    raise AssertionError(f"{key} ended {row.state}: {row.reason_message}")
                return
            waited_s = time.monotonic() - began
            if waited_s > _DEADLINE_S:
                raise TimeoutError(f"{key} was not done in {_DEADLINE_S} s")
            Event().wait(min(_LONGEST_POLL_S, max(_POLL_S, waited_s * _POLL_SHARE)))

    def is_finished(self, key: str) -> bool:
        """Whether the ledger has the file as finished."""
        row = self._row(key)
        return row is not None and row.is_finished

    def searchable(self, word: str) -> None:
        """Wait until a search finds the word."""
        deadline = time.monotonic() + _DEADLINE_S
        while not self.index.search(word).total:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{word} was not found in {_DEADLINE_S} s")
            Event().wait(0.005)

    def _row(self, key: str) -> FileRow | None:
        return self.table.read(file_id(self.stack.resources.source_bucket, key))

    def memory_mb(self) -> float:
        """Resident memory of the worker process itself, without its children."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def cpu_s(self) -> float:
        """CPU seconds of the worker process and all its descendants."""
        process = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        return float(sum(t.user + t.system + t.children_user + t.children_system for t in times))


@contextmanager
def warm_worker(home: Path, **settings: str) -> Iterator[WorkerUnderTest]:
    """A worker that has processed one document; `settings` are variables of its environment."""
    with EmbeddedStack(home) as stack:
        process = stack.start_worker(changes=settings)
        process.wait_until_ready()
        worker = WorkerUnderTest(
            stack=stack,
            process=process,
            table=FileTable(
                stack.clients.dynamodb, table=stack.resources.table, owner="bench", pipeline_version="0"
            ),
            index=SqliteIndex(home / "index.sqlite3"),
        )
        worker.put("warm-up.txt", "温まる".encode())
        worker.finish("warm-up.txt")
        yield worker
        process.stop()

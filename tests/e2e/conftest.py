"""The real process on the embedded stack."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id

# Deadlines of what takes seconds on a quiet machine and ten times as long beside the loops of `make flaky`.
READY_S = 180.0
HAPPENS_S = 280.0


@dataclass
class Fleet:
    """A stack, the workers on it, and the lines of their logs."""

    stack: EmbeddedStack
    table: FileTable
    work_dir: Path
    lines: list[LogLine] = field(default_factory=list)

    def start(self, name: str = "worker", **settings: str) -> WorkerProcess:
        changes = {
            "CIS_WORK_DIR": str(self.work_dir),
            "CIS_POLL_WAIT_S": "2",
            # A busy machine must not make a page of a test time out.
            "CIS_PAGE_TIMEOUT_S": "900",
            # It doubles the CPU of a page, and what these tests show is not the text.
            "CIS_OCR_SECOND_PASS": "off",
            **settings,
        }
        process = self.stack.start_worker(name, changes=changes, on_line=self.lines.append)
        process.wait_until_ready(READY_S)
        return process

    def run(self, *command: str) -> dict[str, Any]:
        """What a command of the operator prints as JSON."""
        done = subprocess.run(
            [*python_command("worker"), *command, "--json"],
            env=clean_environment({**self.stack.environment(), "CIS_WORK_DIR": str(self.work_dir)}),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    @property
    def bucket(self) -> str:
        return self.stack.resources.source_bucket

    def put(self, key: str, data: bytes) -> None:
        self.stack.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def row(self, key: str) -> FileRow | None:
        return self.table.read(file_id(self.bucket, key))

    def finished(self, key: str) -> bool:
        row = self.row(key)
        return row is not None and row.is_finished

    def events(self, name: str) -> list[LogLine]:
        return [line for line in list(self.lines) if line["event"] == name]

    def embedding_calls(self) -> int:
        calls = self.stack.bedrock.stats()["calls"]
        assert isinstance(calls, dict)
        return sum(calls.values())

    def index(self) -> SqliteIndex:
        return SqliteIndex(self.stack.home / "index.sqlite3")

    def waiting(self) -> int:
        url = self.stack.resources.queue_url
        return _depth(self.stack, url)

    def dead_letters(self) -> int:
        return _depth(self.stack, self.stack.resources.dlq_url)


def _depth(stack: EmbeddedStack, url: str) -> int:
    depth = QueueManager(stack.clients.sqs, queue_url=url, dlq_url=url).depth()
    return depth.visible + depth.in_flight + depth.delayed


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    with EmbeddedStack(tmp_path / "home") as stack:
        table = FileTable(
            stack.clients.dynamodb, table=stack.resources.table, owner="test", pipeline_version="0"
        )
        yield Fleet(stack=stack, table=table, work_dir=work_dir)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for something another process does, with a deadline."""
    tick = threading.Event()

    def wait_until(done: Callable[[], bool], timeout_s: float = HAPPENS_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, "it did not happen in time"
            tick.wait(0.05)

    return wait_until


@pytest.fixture
def readers() -> Callable[[Path], list[str]]:
    """The command lines of living processes that work in a folder: OCR engines, children, fork server."""

    def find(folder: Path) -> list[str]:
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            words = " ".join(process.info["cmdline"] or [])
            if str(folder) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(words)
        return found

    return find

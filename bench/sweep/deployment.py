"""A generated deployment on embedded servers, and commands run on it with what they cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.sweep.plan import FENCE, REGION, SOURCE, planned_files
from worker.aws.clients import Clients, Endpoint, make_clients
from worker.aws.inspection import read_queue
from worker.aws.provisioning import provision
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.moto_process import MotoProcess
from worker.embedded.worker_process import WorkerProcess
from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.sqlite.document_rows import insert_document
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.index.sqlite.term_rows import insert_terms, term_rows
from worker.models.document import Document
from worker.models.file import FileType, file_id
from worker.models.ledger import State

RESULTS, TABLE = "results", "files"
_DEADLINE_S = 3_600.0
_TICK_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a command ended, what it printed as JSON, and what it cost."""

    status: int
    values: Mapping[str, Any]
    cpu_s: float
    rss_mb: float
    wall_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """Queue, buckets, table and index of a plan; `url` is the server's."""

    home: Path
    url: str
    clients: Clients
    queue_url: str
    dlq_url: str

    def environment(self) -> dict[str, str]:
        """The variables of its workers and commands."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            "CIS_QUEUE_URL": self.queue_url,
            "CIS_DLQ_URL": self.dlq_url,
            "CIS_RESULTS_BUCKET": RESULTS,
            "CIS_SOURCE_BUCKETS": SOURCE,
            "CIS_FILE_TABLE": TABLE,
            "CIS_INDEX": "sqlite",
            "CIS_SQLITE_PATH": str(self.home / "index.sqlite3"),
            "CIS_IMAGE_MODEL": "",
            "CIS_WORK_DIR": str(self.home),
            # moto searches all rows for each query of the replayer, which has nothing to do here.
            "CIS_REPLAY_INTERVAL_S": "3600",
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of cis-worker; its messages go to a file of the home folder."""
        with (self.home / "command.stderr.log").open("ab") as stderr:
            return subprocess.Popen(
                python_command("worker", *arguments),
                env=clean_environment(self.environment()),
                stdout=subprocess.PIPE,
                stderr=stderr,
            )

    def run(self, *arguments: str) -> Ended:
        """Run a command that prints JSON to its end."""
        began = time.monotonic()
        process = self.start(*arguments, "--json")
        assert process.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked for
        with process.stdout:
            printed = process.stdout.read()
        # wait4 and not wait: it says what this one process cost.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise AssertionError((self.home / "command.stderr.log").read_text()[-2_000:])
        return Ended(
            status=process.returncode,
            values=json.loads(printed),
            cpu_s=usage.ru_utime + usage.ru_stime,
            rss_mb=usage.ru_maxrss / 1024,
            wall_s=time.monotonic() - began,
        )

    def kill_midway(self, *arguments: str) -> str:
        """Start a command and kill it once it saved a position among the objects; returns that position."""
        process = self.start(*arguments)
        try:
            wait_until(lambda: bool(self.position()) or process.poll() is not None)
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.communicate()
        if process.returncode != -signal.SIGKILL:
            raise AssertionError("the command ended before it was killed")
        return self.position()

    def position(self) -> str:
        """The key after which a stopped reconcile goes on, empty where it has none."""
        listed = self.clients.s3.list_objects_v2(Bucket=RESULTS, Prefix="maintenance/reconcile/")
        for item in listed.get("Contents", []):
            body = self.clients.s3.get_object(Bucket=RESULTS, Key=item["Key"])["Body"].read()
            return str(json.loads(body)["after"])
        return ""

    def listings(self) -> list[str]:
        """The query strings of the listings of files since this was asked last."""
        with urllib.request.urlopen(f"{self.url}/_listings") as answer:  # noqa: S310 - http, as given
            return list(json.loads(answer.read()))

    def work(self) -> None:
        """Have one worker empty the queue."""
        process = WorkerProcess(self.environment(), stderr_path=self.home / "worker.stderr.log")
        try:
            process.wait_until_ready()
            wait_until(lambda: not self._has_messages() or not process.is_running)
            if not process.is_running:
                raise AssertionError(f"the worker ended by itself: {process.lines()[-5:]}")
            process.stop()
        finally:
            process.close()

    def _has_messages(self) -> bool:
        depth = read_queue(self.clients.sqs, self.queue_url).depth
        return bool(depth.visible or depth.in_flight)


@contextmanager
def open_deployment(home: Path, *, count: int, broken: int) -> Iterator[Deployment]:
    """The deployment of a plan."""
    moto = MotoProcess(stderr_path=home / "moto.stderr.log", module="bench.sweep.filled_server")
    with moto:
        clients = make_clients(
            Endpoint(
                url=moto.url,
                bedrock_url=moto.url,
                region=REGION,
                access_key_id="bench",
                secret_access_key="bench",
            )
        )
        queue, dlq, *_ = provision(
            clients, queue_name="files", dlq_name="files-dlq", buckets=[SOURCE, RESULTS], table=TABLE
        )
        plan = {"table": TABLE, "count": count, "broken": broken}
        body = json.dumps(plan).encode()
        urllib.request.urlopen(f"{moto.url}/_fill", data=body, timeout=_DEADLINE_S).close()  # noqa: S310
        _fill_index(home / "index.sqlite3", count, broken)
        yield Deployment(
            home=home,
            url=moto.url,
            clients=clients,
            queue_url=queue.identifier,
            dlq_url=dlq.identifier,
        )


def wait_until(is_done: Callable[[], bool]) -> None:
    """Wait for something, an hour at most."""
    deadline, tick = time.monotonic() + _DEADLINE_S, threading.Event()
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen in {_DEADLINE_S} s")
        tick.wait(_TICK_S)


def _fill_index(path: Path, count: int, broken: int) -> None:
    file = SqliteFile(path)
    # One transaction: the index's own writes would take longer than all the rest.
    with file.write_transaction() as connection:
        for planned in planned_files(count, broken):
            if planned.has_entry:
                document = Document(
                    file_id=file_id(SOURCE, planned.key),
                    bucket=SOURCE,
                    key=planned.key,
                    file_name=planned.key,
                    file_path=planned.key,
                    size_bytes=len(planned.data),
                    file_type=FileType.TEXT,
                    state=State.INDEXED,
                    content_hash=planned.content_hash,
                )
                number = insert_document(connection, document, FENCE)
                # Its name as the index's own write stores it, or the next write would find the index damaged.
                rows = term_rows(planned.key, planned.key, (), has_words=OWN_ANALYSIS.has_words)
                insert_terms(connection, number, rows)
    file.close()

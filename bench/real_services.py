"""One worker on OpenSearch, ElasticMQ and dynalite, with moto for S3, all on this machine's cores."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.servers.build import built
from tests.servers.catalogue import DYNALITE, ELASTICMQ, OPENSEARCH
from tests.servers.running import running
from worker.aws.clients import Endpoint, make_clients
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_DEADLINE_S = 600.0
_BATCH = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """A flow of documents: wall time, and CPU seconds of the worker, its fork server and the readers.

    All from the moment that the worker was ready; the stages are parts of the worker's.
    """

    seconds: float
    worker_cpu_s: float
    fork_server_cpu_s: float
    readers_cpu_s: float
    stage_cpu_s: Mapping[str, float]
    stage_s: Mapping[str, float]
    samples: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


@contextmanager
def opensearch() -> Iterator[str]:
    """An OpenSearch of its own; its URL."""
    with running(OPENSEARCH, built(OPENSEARCH)) as server:
        yield server.url


def flow(home: Path, files: Mapping[str, bytes], *, settings: Mapping[str, str]) -> Flow:
    """Announce files to a queue, start one worker, and measure until all of them are done."""
    with ExitStack() as ending:
        stack = ending.enter_context(EmbeddedStack(home, notifications=False))
        urls = [
            ending.enter_context(running(kind, built(kind))).url for kind in (OPENSEARCH, ELASTICMQ, DYNALITE)
        ]
        environment = _environment(stack, *urls)
        _announce(stack, environment, files)
        worker = _CountingWorker({**environment, **settings}, home / "worker.log", len(files))
        with worker:
            began, at_start = time.monotonic(), worker.cpu()
            worker.wait()
            seconds = time.monotonic() - began
            _wait_until_settled(stack, environment)
            return _flow(worker, seconds, at_start)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cpu:
    """CPU seconds so far; those of readers count when they have ended."""

    worker_s: float
    fork_server_s: float
    readers_s: float


def _wait_until_settled(stack: EmbeddedStack, environment: Mapping[str, str]) -> None:
    """Wait until no message is left: those of the last documents are deleted after they are done."""
    queue, states = _queue(stack, environment), ("", "NotVisible", "Delayed")
    names: Any = [f"ApproximateNumberOfMessages{state}" for state in states]
    deadline, tick = time.monotonic() + _DEADLINE_S, threading.Event()
    while time.monotonic() < deadline:
        found = queue.get_queue_attributes(QueueUrl=environment["CIS_QUEUE_URL"], AttributeNames=names)
        if not any(int(found["Attributes"][name]) for name in names):
            return
        tick.wait(0.2)
    raise TimeoutError(f"the queue was not empty in {_DEADLINE_S} s")


class _CountingWorker:
    """A worker whose finished documents are counted."""

    def __init__(self, environment: Mapping[str, str], log: Path, wanted: int) -> None:
        self._left = wanted
        self._done = threading.Event()
        self.process = WorkerProcess(environment, stderr_path=log, on_line=self._count)
        self.http_port = int(str(self.process.wait_until_ready(_DEADLINE_S)["http_port"]))

    def wait(self) -> None:
        if not self._done.wait(_DEADLINE_S):
            raise TimeoutError(f"{self._left} documents were not done in {_DEADLINE_S} s")

    def cpu(self) -> _Cpu:
        own = psutil.Process(self.process.pid)
        (fork_server,) = (
            child for child in own.children() if "worker.sandbox.fork_server" in child.cmdline()
        )
        worker, forking = own.cpu_times(), fork_server.cpu_times()
        return _Cpu(
            worker_s=worker.user + worker.system,
            fork_server_s=forking.user + forking.system,
            readers_s=forking.children_user + forking.children_system,
        )

    def _count(self, line: LogLine) -> None:
        if line["event"] == "document_done":
            self._left -= 1
            if not self._left:
                self._done.set()

    def __enter__(self) -> _CountingWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()


def _environment(stack: EmbeddedStack, opensearch_url: str, queue_url: str, table_url: str) -> dict[str, str]:
    name = f"bench-{uuid.uuid4().hex[:8]}"
    environment = {
        **stack.environment(),
        "AWS_ENDPOINT_URL_SQS": queue_url,
        "AWS_ENDPOINT_URL_DYNAMODB": table_url,
        "CIS_INDEX": "opensearch",
        "CIS_INDEX_PREFIX": f"{name}-",
        "OPENSEARCH_ENDPOINT": opensearch_url,
        "CIS_QUEUE_URL": f"{queue_url}/000000000000/{name}",
        "CIS_DLQ_URL": f"{queue_url}/000000000000/{name}-dlq",
        "CIS_FILE_TABLE": name,
    }
    done = subprocess.run(
        [*python_command("worker"), "init", "--json"],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(done.stdout)["environment"]
    return {**environment, **{name: made[name] for name in ("CIS_QUEUE_URL", "CIS_DLQ_URL")}}


def _queue(stack: EmbeddedStack, environment: Mapping[str, str]) -> SQSClient:
    return make_clients(
        Endpoint(
            url=environment["AWS_ENDPOINT_URL_SQS"],
            bedrock_url=stack.bedrock.url,
            region=environment["AWS_REGION"],
            access_key_id="bench",
            secret_access_key="bench",
        )
    ).sqs


def _announce(stack: EmbeddedStack, environment: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    queue = _queue(stack, environment)
    names = list(files)
    for key, data in files.items():
        stack.clients.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=data)
    for start in range(0, len(names), _BATCH):
        queue.send_message_batch(
            QueueUrl=environment["CIS_QUEUE_URL"],
            Entries=[
                {"Id": str(number), "MessageBody": _body(key, len(files[key]))}
                for number, key in enumerate(names[start : start + _BATCH])
            ],
        )


def _body(key: str, size_bytes: int) -> str:
    return json.dumps(
        {
            "eventType": "FILE_UPLOADED",
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": key,
            "fileSize": size_bytes,
            "uploadedAt": "2026-04-01T09:30:00Z",
        }
    )


def _flow(worker: _CountingWorker, seconds: float, at_start: _Cpu) -> Flow:
    cpu = worker.cpu()
    answer = requests.get(f"http://127.0.0.1:{worker.http_port}/metrics", timeout=30)
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]

    def by_stage(name: str) -> dict[str, float]:
        return {sample.labels["stage"]: sample.value for sample in samples if sample.name == name}

    return Flow(
        seconds=seconds,
        worker_cpu_s=cpu.worker_s - at_start.worker_s,
        fork_server_cpu_s=cpu.fork_server_s - at_start.fork_server_s,
        readers_cpu_s=cpu.readers_s - at_start.readers_s,
        stage_cpu_s=by_stage("cis_stage_cpu_seconds_total"),
        stage_s=by_stage("cis_stage_seconds_sum"),
        samples={(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples},
    )

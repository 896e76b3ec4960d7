"""A worker on the stricter servers: OpenSearch, ElasticMQ, a DynamoDB; S3 is moto's."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from opensearchpy import OpenSearch

from tests.e2e.real.gate import Gate
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.index.opensearch.client import connect

_INIT_S = 240


@dataclass
class Surroundings:
    """Variables that point a worker at real servers, and the tests' own access to these servers."""

    stack: EmbeddedStack
    gate: Gate
    environment: dict[str, str]
    search_engine: OpenSearch
    prefix: str
    home: Path
    lines: list[LogLine] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """A plain boto3 client."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.environment[f"AWS_ENDPOINT_URL_{service.upper()}"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    @property
    def table(self) -> FileTable:
        return FileTable(
            self.client("dynamodb"),
            table=self.environment["CIS_FILE_TABLE"],
            owner="test",
            pipeline_version="0",
        )

    def rows(self) -> list[FileRow]:
        return list(self.table.rows())

    def put(self, key: str, data: bytes) -> None:
        """Put an object and send a plain message about it."""
        self.client("s3").put_object(Bucket=SOURCE_BUCKET, Key=key, Body=data)
        self.send(
            {
                "eventType": "FILE_UPLOADED",
                "s3Bucket": SOURCE_BUCKET,
                "s3Key": key,
                "fileSize": len(data),
                "uploadedAt": "2026-04-01T09:30:00Z",
                "metadata": {"mimeType": "application/octet-stream", "originalPath": f"/nas/{key}"},
            }
        )

    def send(self, body: dict[str, object]) -> None:
        queue_url = self.environment["CIS_QUEUE_URL"]
        self.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))

    def waiting(self, variable: str = "CIS_QUEUE_URL") -> int:
        """Messages of a queue that are not deleted."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.environment[variable], AttributeNames=names
        )
        return sum(int(count) for count in answer["Attributes"].values())

    def start(self, name: str = "worker", **settings: str) -> WorkerProcess:
        process = WorkerProcess(
            {**self.environment, **settings},
            stderr_path=self.home / f"{name}.stderr.log",
            on_line=self.lines.append,
        )
        process.wait_until_ready(180)
        return process

    def events(self, name: str) -> list[LogLine]:
        return [line for line in list(self.lines) if line["event"] == name]

    def count(self, alias: str, query: Mapping[str, object]) -> int:
        self.search_engine.indices.refresh(index=f"{self.prefix}*")
        return int(self.search_engine.count(index=f"{self.prefix}{alias}", body={"query": query})["count"])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of ours, with this environment alone."""
        return subprocess.run(
            [*python_command("worker"), *arguments],
            env=clean_environment(self.environment),
            capture_output=True,
            text=True,
            timeout=_INIT_S,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the servers."""

    opensearch: str
    sqs: str
    dynamodb: str


@pytest.fixture(scope="session")
def servers(opensearch_url: str, sqs_url: str, dynamodb_url: str) -> Servers:
    return Servers(opensearch_url, sqs_url, dynamodb_url)


@pytest.fixture
def surroundings(tmp_path: Path, servers: Servers) -> Iterator[Surroundings]:
    with _open(servers, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_surroundings(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Iterator[Surroundings]:
    """Those of the tests that only ask: making them takes longer than what is asked."""
    with _open(servers, tmp_path_factory.mktemp("shared")) as made:
        yield made


@contextmanager
def _open(servers: Servers, folder: Path) -> Iterator[Surroundings]:
    name = f"t{uuid.uuid4().hex[:12]}"
    with (
        EmbeddedStack(folder / "home", notifications=False) as stack,
        Gate(servers.opensearch) as gate,
        closing(connect(servers.opensearch)) as client,
    ):
        environment = {
            **stack.environment(),
            "AWS_ENDPOINT_URL_SQS": servers.sqs,
            "AWS_ENDPOINT_URL_DYNAMODB": servers.dynamodb,
            "CIS_INDEX": "opensearch",
            "CIS_INDEX_PREFIX": f"{name}-",
            "OPENSEARCH_ENDPOINT": gate.url,
            "CIS_QUEUE_URL": f"{servers.sqs}/000000000000/{name}",
            "CIS_DLQ_URL": f"{servers.sqs}/000000000000/{name}-dlq",
            "CIS_FILE_TABLE": name,
            "CIS_POLL_WAIT_S": "2",
            "CIS_OCR_SECOND_PASS": "off",
            "CIS_WORK_DIR": str(folder),
            "CIS_SQLITE_PATH": "",
        }
        made = Surroundings(
            stack=stack,
            gate=gate,
            environment=environment,
            search_engine=client,
            prefix=f"{name}-",
            home=folder,
        )
        done = made.run("init", "--json")
        assert done.returncode == 0, done.stderr
        made_by_init = json.loads(done.stdout)["environment"]
        made.environment |= {
            variable: made_by_init[variable] for variable in ("CIS_QUEUE_URL", "CIS_DLQ_URL")
        }
        yield made
        client.indices.delete(index=f"{name}-*")

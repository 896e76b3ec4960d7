"""The whole worker on LocalStack: queues and buckets by infra/deploy, dynalite as the ledger."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from worker.aws.file_table import FileTable
from worker.embedded.bedrock_server import BedrockServer
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.metadata_server import MetadataServer
from worker.embedded.worker_process import WorkerProcess
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id
from worker.models.ledger import State

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]
_READY_S = 240.0
_COMMAND_S = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """What was deployed: the variables of a worker on it."""

    environment: dict[str, str]
    home: Path

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.environment.get(
                f"AWS_ENDPOINT_URL_{service.upper()}", self.environment["AWS_ENDPOINT_URL"]
            ),
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            env=clean_environment(self.environment),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, **settings: str) -> WorkerProcess:
        process = WorkerProcess({**self.environment, **settings}, stderr_path=self.home / "worker.stderr.log")
        process.wait_until_ready(_READY_S)
        return process


@pytest.fixture
def deployed(tmp_path: Path, localstack_url: str, dynamodb_url: str) -> Iterator[Deployed]:
    name = f"t{uuid.uuid4().hex[:12]}"
    with BedrockServer() as bedrock, MetadataServer() as metadata:
        found = Deployed(
            environment={
                "AWS_ENDPOINT_URL": localstack_url,
                "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url,
                "AWS_REGION": "ap-northeast-1",
                "AWS_DEFAULT_REGION": "ap-northeast-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "CIS_WORK_DIR": str(tmp_path),
                "CIS_SQLITE_PATH": str(tmp_path / "index.sqlite3"),
                "CIS_FILE_TABLE": f"{name}-files",
                "CIS_REFUSAL_LIMIT_S": "5",
                "CIS_BEDROCK_REGION": "us-east-1",
            },
            home=tmp_path,
        )
        script = str(ROOT / "infra" / "deploy")
        printed = found.run(script, "--yes", "--name", name, "--only", "queue,storage")
        exports = (line.removeprefix("export ").partition("=") for line in printed.splitlines())
        found.environment.update({variable: value for variable, _, value in exports})
        # The table, which LocalStack does not make; the rest is there.
        found.run(*python_command("worker"), "init")
        yield found


def test_an_object_in_the_deployed_bucket_is_indexed_and_a_deleted_queue_ends_the_worker(
    deployed: Deployed, until: Callable[..., None]
) -> None:
    bucket = deployed.environment["CIS_SOURCE_BUCKETS"]
    table = FileTable(
        deployed.client("dynamodb"),
        table=deployed.environment["CIS_FILE_TABLE"],
        owner="test",
        pipeline_version="0",
    )
    key = "営業 報告書.txt"
    found = file_id(bucket, key)

    def state() -> State | None:
        row = table.read(found)
        return row.state if row is not None and row.is_finished else None

    with closing(deployed.start()) as worker:
        deployed.client("s3").put_object(
            Bucket=bucket, Key=key, Body="2025年度の売上は前年を上回りました。".encode()
        )
        until(lambda: state() is State.INDEXED)
        with closing(SqliteIndex(deployed.home / "index.sqlite3")) as index:
            document = index.document(found)
            hits = index.search("売上").hits
        assert document is not None
        assert "前年を上回りました" in document.pages[0].text
        assert [hit.file_name for hit in hits] == [key]

        deployed.client("s3").delete_object(Bucket=bucket, Key=key)
        until(lambda: state() is State.TOMBSTONED)

        queue_url = deployed.environment["CIS_QUEUE_URL"]
        deployed.client("sqs").delete_queue(QueueUrl=queue_url)
        assert worker.wait(_READY_S) == 1
        (fatal,) = [line for line in worker.lines() if line["event"] == "fatal_error"]
        assert queue_url in str(fatal["reason"])
        assert "NonExistentQueue" in str(fatal["reason"])
        assert "`cis-worker init` makes what is missing" in str(fatal["reason"])

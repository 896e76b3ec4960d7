"""The whole worker and the operators' commands, recorded: each makes the calls of its role and no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.aws_calls import recorder
from tests.aws_calls.recorder import RECORDER, caller, problems
from tests.aws_calls.table import CALLS
from worker.aws.file_table import FileTable
from worker.aws.other_rows.expiry import enable_expiry
from worker.cli.main import app
from worker.config import child_environment
from worker.embedded.stack import EmbeddedStack

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
_LONGEST_S = 240.0
# Calls that need an outage, a document of thousands of pages, or an Auto Scaling group; their adapters' tests
# make them, and those are recorded, too.
# Where events go to a bus or a topic.
TARGET_CHECKS = {"events:DescribeEventBus", "sns:GetTopicAttributes"}
WORKER_RARELY = {
    *TARGET_CHECKS,
    *("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload", "s3:AbortMultipartUpload"),
    *("s3:ListObjectsV2", "s3:DeleteObjects", "s3:DeleteObject"),
    *("sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch"),
    *("sqs:GetQueueAttributes", "dynamodb:DescribeTable", "secretsmanager:GetSecretValue"),
    # Events about end states: where a target is set, and only what could not be sent at once.
    *(
        "events:PutEvents",
        "sns:PublishBatch",
        "sqs:SendMessageBatch",
        "sqs:GetQueueUrl",
        "dynamodb:DeleteItem",
    ),
    *(call for call in CALLS if call.startswith(("autoscaling:", "es:"))),
}
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("init",),
    ("doctor",),
    ("status", "--failures"),
    ("reconcile", "s3://cis-source/", "--fix", "--json"),
    ("backfill", "s3://cis-source/", "--json"),
    ("rerun", "--json", "--state", "indexed"),
    ("dlq", "list", "--json"),
    ("fleet", "--json"),
    ("dlq", "redrive"),
)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[EmbeddedStack]:
    with EmbeddedStack(tmp_path / "home") as started:
        yield started


def wait_until(done: Callable[[], bool]) -> None:
    tick, deadline = threading.Event(), time.monotonic() + _LONGEST_S
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        tick.wait(0.1)


def run_worker(stack: EmbeddedStack, work_dir: Path, out: Path) -> set[tuple[str, str]]:
    """A worker for a picture, a text, a deletion and a message that cannot be read; what it called."""
    clients, resources = stack.clients, stack.resources
    picture = work_dir / "a.png"
    Image.linear_gradient("L").save(picture)
    environment = {**stack.environment(), "CIS_WORK_DIR": str(work_dir), "CIS_REPLAY_INTERVAL_S": "0.5"}
    command = (sys.executable, "-m", "tests.aws_calls.launcher", str(out), "run")
    with subprocess.Popen(
        command, cwd=ROOT, env=child_environment(environment), stdout=subprocess.DEVNULL
    ) as worker:
        for key, data in (
            ("a.png", picture.read_bytes()),
            ("b.txt", "営業報告".encode()),
            ("c.txt", b"gone"),
        ):
            clients.s3.put_object(
                Bucket=resources.source_bucket, Key=key, Body=data, Tagging="cis-groups=sales"
            )
        clients.s3.delete_object(Bucket=resources.source_bucket, Key="c.txt")
        clients.sqs.send_message(QueueUrl=resources.queue_url, MessageBody="not json")
        table = FileTable(clients.dynamodb, table=resources.table, owner="test", pipeline_version="0")
        wait_until(lambda: len([row for row in table.rows() if row.is_finished]) >= 3 and _dead(stack) >= 1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(_LONGEST_S) == 0
    return {(who, call) for who, call in json.loads(out.read_text(encoding="utf-8"))}


def _dead(stack: EmbeddedStack) -> int:
    answer = stack.clients.sqs.get_queue_attributes(
        QueueUrl=stack.resources.dlq_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def run_commands(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """The operators' commands on what the worker left; what they called."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before, RECORDER.made = RECORDER.made, set()
    try:
        for command in COMMANDS:
            result = CliRunner().invoke(app, list(command))
            assert result.exit_code in (0, 1), (command, result.output)
        return set(RECORDER.made)
    finally:
        RECORDER.made |= before


def test_worker_and_operators_make_the_calls_of_their_role(
    stack: EmbeddedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run_worker(stack, tmp_path, tmp_path / "worker.json")
    assert problems(made) == []
    calls = {call for _, call in made}
    needed = {call for call, need in CALLS.items() if need.worker}
    assert needed - calls - WORKER_RARELY == set(), "the worker may do it, and did not"
    assert calls - needed - {call for call, need in CALLS.items() if need.why} == set()

    body = {"eventType": "FILE_UPLOADED", "s3Bucket": stack.resources.source_bucket, "s3Key": "b.txt"}
    stack.clients.sqs.send_message(QueueUrl=stack.resources.dlq_url, MessageBody=json.dumps(body))
    # As infra/ledger.yaml makes the table.
    enable_expiry(stack.clients.dynamodb, stack.resources.table, dry_run=False)
    by_operator = run_commands({**stack.environment(), **os.environ, **stack.environment()}, monkeypatch)
    assert problems(by_operator) == []
    # On what is deployed `init` makes nothing.
    assert {call for who, call in by_operator if who == "deployer"} <= {
        call for call, need in CALLS.items() if need.operator
    }
    needed = {
        call for call, need in CALLS.items() if need.operator and not call.startswith(("es:", "autoscaling:"))
    }
    # A HEAD is for an object whose listing names no version.
    rarely = {
        *TARGET_CHECKS,
        "s3:HeadObject",
        "secretsmanager:GetSecretValue",
        "s3:ListObjectVersions",
        "s3:DeleteObjects",
        "dynamodb:DeleteItem",
    }
    missing = needed - {call for _, call in by_operator} - rarely
    assert missing == set(), "the operators may do it, and did not"


def test_a_call_of_a_role_without_the_right_is_a_problem() -> None:
    assert problems([("worker", "sqs:ReceiveMessage"), ("", "dynamodb:Scan")]) == []
    (problem,) = problems([("worker", "dynamodb:Scan")])
    assert "dynamodb:Scan is made by the worker" in problem
    (problem,) = problems([("operator", "sqs:PurgeQueue")])
    assert "sqs:PurgeQueue" in problem


def test_who_calls_is_read_from_the_stack() -> None:
    role = recorder._role
    assert role(["aws/file_table.py"]) == ""
    assert role(["aws/file_table.py", "delivery/claims.py", "consumer.py"]) == "worker"
    assert role(["aws/queue_manager.py", "delivery/dead_letters.py", "maintenance/rerun.py"]) == "operator"
    assert role(["aws/autoscaling.py", "operation/group_check.py", "cli/operator.py"]) == "doctor"
    assert role(["aws/file_table.py", "operation/status.py", "cli/operator.py"]) == "operator"
    assert role(["aws/provisioning.py", "operation/deployment.py", "cli/run.py"]) == "deployer"
    assert role(["aws/provisioning.py", "embedded/stack.py"]) is None
    assert caller(sys._getframe()) is None, "a test's own call"

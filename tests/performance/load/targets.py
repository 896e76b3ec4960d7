"""Where a run goes: its own `cis-worker local`, the test servers, or what the environment names."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.performance.load.errors import LoadError
from tests.performance.load.options import AUTO, ENVIRONMENT, LOCAL, SERVERS
from tests.servers.build import built
from tests.servers.catalogue import DYNALITE, ELASTICMQ, OPENSEARCH
from tests.servers.kind import Kind, ServerError
from tests.servers.running import running
from worker.aws.clients import make_clients
from worker.aws.translation import translate_errors
from worker.embedded.child_process import clean_environment, python_command
from worker.embedded.worker_process import WorkerProcess
from worker.index.opensearch.client import connect

_START_S = 300.0
_STOP_S = 60.0
_POLL_S = 0.1


def choose(target: str, environment: Mapping[str, str]) -> str:
    """The target that `auto` stands for."""
    if target != AUTO:
        return target
    return ENVIRONMENT if environment.get("CIS_QUEUE_URL") else LOCAL


@contextmanager
def open_target(target: str, home: Path) -> Iterator[dict[str, str]]:
    """The variables of a target, which exists inside the block. Raises LoadError where it does not start."""
    if target == ENVIRONMENT:
        yield {}
        return
    with ExitStack() as ending:
        variables = ending.enter_context(_local(home))
        if target == SERVERS:
            variables = ending.enter_context(_servers(variables))
        yield variables


@contextmanager
def _local(home: Path) -> Iterator[dict[str, str]]:
    stderr = home / "local.stderr.log"
    command = python_command("worker", "local", "--json", "--home", str(home))
    process = WorkerProcess({}, stderr_path=stderr, command=command)
    try:
        yield _variables(process, stderr)
    finally:
        process.stop(_STOP_S)  # not by a kill: it has a temporary folder of its own


def _variables(process: WorkerProcess, stderr: Path) -> dict[str, str]:
    """What a local stack prints once it is up."""
    tick, left = threading.Event(), int(_START_S / _POLL_S)
    while not process.lines() and process.is_running and left:
        left -= 1
        tick.wait(_POLL_S)
    lines = process.lines()
    if not lines or "CIS_QUEUE_URL" not in lines[0]:
        last = stderr.read_text(errors="replace").strip().splitlines()[-1:]
        raise LoadError(f"`cis-worker local` did not start: {''.join(last) or 'it printed nothing'}")
    return {name: str(value) for name, value in lines[0].items()}


@contextmanager
def _servers(local: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Index, queue and ledger on real servers; S3 and Bedrock stay those of the local stack."""
    with ExitStack() as ending:
        urls = {kind.name: ending.enter_context(_server(kind)) for kind in (OPENSEARCH, ELASTICMQ, DYNALITE)}
        name = f"load-{uuid.uuid4().hex[:8]}"
        queue_url, opensearch_url = urls[ELASTICMQ.name], urls[OPENSEARCH.name]
        variables = {
            **local,
            "AWS_ENDPOINT_URL_SQS": queue_url,
            "AWS_ENDPOINT_URL_DYNAMODB": urls[DYNALITE.name],
            "OPENSEARCH_ENDPOINT": opensearch_url,
            "CIS_INDEX": "opensearch",
            "CIS_INDEX_PREFIX": f"{name}-",
            "CIS_SQLITE_PATH": "",
            "CIS_QUEUE_URL": f"{queue_url}/000000000000/{name}",
            "CIS_DLQ_URL": f"{queue_url}/000000000000/{name}-dlq",
            "CIS_FILE_TABLE": name,
        }
        variables |= _init(variables)
        try:
            yield variables
        finally:
            with connect(opensearch_url) as client:
                client.indices.delete(index=f"{name}-*")


@contextmanager
def _server(kind: Kind) -> Iterator[str]:
    """A server of this kind: the one that `make services` runs, where its variable is set."""
    if named := os.environ.get(kind.variable):
        yield named.rstrip("/")
        return
    try:
        with running(kind, built(kind)) as server:
            yield server.url
    except ServerError as error:
        raise LoadError(f"{error} (`make servers` installs what is missing)") from error


def _init(variables: Mapping[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [*python_command("worker", "init", "--json")],
        env=clean_environment(variables),
        capture_output=True,
        text=True,
        timeout=_START_S,
        check=False,
    )
    if done.returncode:
        raise LoadError(f"`cis-worker init` failed: {done.stderr.strip()}")
    made = json.loads(done.stdout)["environment"]
    return {name: str(made[name]) for name in ("CIS_QUEUE_URL", "CIS_DLQ_URL")}


def silence_bucket(bucket: str) -> None:
    """Have the bucket of a local stack send no events of its own: users send them."""
    with translate_errors(f"change the notifications of {bucket}"):
        make_clients().s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})

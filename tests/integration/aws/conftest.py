"""Servers for the whole session; every test makes its own queue, bucket and table in one of them.

A test file names in SERVERS those that its tests are run against, each test on each; moto alone where it
names none. What one of them cannot do is said where a test is bound to some of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from moto.server import ThreadedMotoServer

from worker.aws.clients import Clients, make_clients
from worker.aws.file_table import FileTable
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler

if TYPE_CHECKING:
    from botocore.client import BaseClient

LoseResponses = Callable[..., AbstractContextManager[list[str]]]


NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
URL_FIXTURES = {
    "moto": "moto_url",
    "dynamodb": "dynamodb_url",
    "elasticmq": "elasticmq_url",
    "localstack": "localstack_url",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each of its file's servers, unless it is bound to some itself."""
    bound = any("server" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "server" in metafunc.fixturenames and not bound:
        servers = getattr(metafunc.module, "SERVERS", ("moto",))
        metafunc.parametrize("server", servers, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> str:
    """The name of the server that the test is run against."""
    return str(request.param)


@pytest.fixture(scope="session")
def endpoint(server: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(URL_FIXTURES[server]))


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def clients(endpoint: str) -> Clients:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoint)
        environment.setenv("AWS_REGION", "ap-northeast-1")
        environment.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        # LocalStack checks the signature of a link, and knows this secret only
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.delenv("AWS_PROFILE", raising=False)
        return make_clients()


@pytest.fixture
def name() -> str:
    """A name no other test uses, good for queues, buckets and tables."""
    return f"t-{uuid.uuid4().hex}"


@pytest.fixture
def queues(clients: Clients, name: str) -> tuple[str, str]:
    """URLs of a fresh work queue and its dead-letter queue."""
    return (
        clients.sqs.create_queue(QueueName=name)["QueueUrl"],
        clients.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"],
    )


@pytest.fixture
def queue(clients: Clients, queues: tuple[str, str]) -> QueueManager:
    url, dlq_url = queues
    return QueueManager(clients.sqs, queue_url=url, dlq_url=dlq_url, poll_client=clients.sqs_poll)


@pytest.fixture
def make_bucket(clients: Clients) -> Callable[[str], str]:
    def make(bucket: str) -> str:
        clients.s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
        )
        return bucket

    return make


@pytest.fixture
def source(make_bucket: Callable[[str], str], name: str) -> str:
    return make_bucket(f"{name}-source")


@pytest.fixture
def results(make_bucket: Callable[[str], str], name: str) -> str:
    return make_bucket(f"{name}-results")


@pytest.fixture
def storage(clients: Clients, results: str) -> StorageHandler:
    return StorageHandler(clients.s3, results_bucket=results)


@pytest.fixture
def lose_responses() -> LoseResponses:
    """Let the server act and lose its answer: for the first `times` sendings of an operation."""

    @contextmanager
    def lose(client: BaseClient, operation: str, *, times: int = 1) -> Iterator[list[str]]:
        lost: list[str] = []

        def send_and_lose(request: AWSPreparedRequest, **_: object) -> None:
            if len(lost) < times:
                lost.append(request.url)
                URLLib3Session().send(request)
                raise ConnectionClosedError(endpoint_url=request.url)

        event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"
        client.meta.events.register_first(event, send_and_lose)
        try:
            yield lost
        finally:
            client.meta.events.unregister(event, send_and_lose)

    return lose


@pytest.fixture
def table_name(clients: Clients, name: str) -> str:
    """A table without the index of pending rows."""
    clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
    )
    clients.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


@pytest.fixture
def table(clients: Clients, table_name: str) -> FileTable:
    return FileTable(
        clients.dynamodb,
        table=table_name,
        owner="worker-1",
        pipeline_version="7",
        now=lambda: NOW,
    )

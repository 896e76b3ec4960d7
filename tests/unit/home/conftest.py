"""Homes on a fake AWS for the tests of ingest runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from moto import mock_aws

from tests.unit.home.ingest_world import World, ingest_run
from worker.aws.clients import make_clients
from worker.aws.file_table import FileTable
from worker.aws.provisioning import provision
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.embedded.resource_names import RESULTS_BUCKET, SOURCE_BUCKET
from worker.home.folder import Home
from worker.home.manifest import Manifest
from worker.index.sqlite.sqlite_index import SqliteIndex


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageHandler]:
    """A results bucket alone."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        clients.s3.create_bucket(Bucket="results")
        yield StorageHandler(clients.s3, results_bucket="results")


@pytest.fixture
def world_home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(folder=tmp_path / "home")


@pytest.fixture
def make_world(
    tmp_path: Path, world_home: Home, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """Makes worlds that share the home and its files; each has a queue and a ledger of its own."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    docs = tmp_path / "docs"
    docs.mkdir()
    with (
        mock_aws(),
        closing(Manifest(world_home.manifest_path)) as manifest,
        closing(SqliteIndex(world_home.index_path)) as index,
    ):
        clients = make_clients()

        def make(*, fence: int = 0, name: str = "q") -> World:
            buckets = [SOURCE_BUCKET, RESULTS_BUCKET]
            made = provision(clients, queue_name=name, dlq_name="dlq", buckets=buckets, table=f"files-{name}")
            world = World(
                clients=clients,
                queue=QueueManager(clients.sqs, queue_url=made[0].identifier, dlq_url=made[1].identifier),
                table=FileTable(clients.dynamodb, table=f"files-{name}", owner="w", pipeline_version="1"),
                storage=StorageHandler(clients.s3, results_bucket=RESULTS_BUCKET),
                index=index,
                manifest=manifest,
                docs=docs,
            )
            world.run = ingest_run(world, world_home, fence)
            return world

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()

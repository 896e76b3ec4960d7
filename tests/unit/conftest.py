"""The world of the core tests: real classes, AWS faked on the wire, a clock that tests move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.unit.clock import Clock
from tests.unit.read_options import OPTIONS
from tests.unit.world import RESULTS, TABLE, World
from worker.aws.clients import make_clients
from worker.aws.provisioning import provision
from worker.config import sandbox_environment
from worker.sandbox.scheduler import Sandbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        queue, dlq, *_ = provision(
            clients, queue_name="q", dlq_name="dlq", buckets=["source", RESULTS], table=TABLE
        )
        made = World(clients, clock, tmp_path, queue_url=queue.identifier, dlq_url=dlq.identifier)
        yield made
    # Their locks are file descriptors, of which a process has a thousand.
    if "local_health" in vars(made):
        made.local_health.work_root.remove()
    if "record" in vars(made):
        made.record.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for something that another thread or process does, with a deadline."""

    tick = threading.Event()

    def wait_until(done: Callable[[], bool], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, "it did not happen in time"
            tick.wait(0.02)

    return wait_until


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that reads files, started once for a module: its fork server imports for a second or two."""
    sandbox = Sandbox(
        options=OPTIONS,
        slots=2,
        work_root=tmp_path_factory.mktemp("readers"),
        environment=sandbox_environment(),
    )
    sandbox.start()
    yield sandbox
    sandbox.close()


@pytest.fixture
def live(world: World, readers: Sandbox) -> Iterator[World]:
    """The world with a sandbox that reads files."""
    over = threading.Event()
    world.sandbox = readers

    def drive() -> None:
        while not over.is_set():
            readers.step(0.02)

    thread = threading.Thread(target=drive, daemon=True)
    thread.start()
    yield world
    over.set()
    thread.join(5)

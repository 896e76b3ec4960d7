"""A group of one instance on real servers, and the real client of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.clock import Clock
from worker.aws.clients import autoscaling_client
from worker.aws.instance_metadata import InstanceMetadata
from worker.embedded.autoscaling_server import GROUP, HOOK, AutoScalingServer
from worker.embedded.metadata_server import MetadataServer
from worker.fleet.membership import Membership


@pytest.fixture
def server(clock: Clock) -> Iterator[AutoScalingServer]:
    with AutoScalingServer(clock=clock) as running:
        yield running


@pytest.fixture
def metadata() -> Iterator[MetadataServer]:
    with MetadataServer() as running:
        yield running


@pytest.fixture
def client(server: AutoScalingServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", server.url)
    return autoscaling_client(region="us-east-1")


@pytest.fixture
def membership(metadata: MetadataServer, client: Any, clock: Clock) -> Membership:
    return Membership(
        metadata=InstanceMetadata(metadata.url), connect=lambda: client, group=GROUP, hook=HOOK, clock=clock
    )

"""A world of real servers for each test; without OpenSearch on this machine the index is SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.real.world import Servers, World, open_world
from tests.servers.catalogue import OPENSEARCH
from tests.servers.fixtures import UrlOf


@pytest.fixture(scope="session")
def servers(server_url: UrlOf, sqs_url: str, dynamodb_url: str) -> Servers:
    try:
        opensearch = server_url(OPENSEARCH)
    except pytest.skip.Exception:
        opensearch = None
    return Servers(sqs=sqs_url, dynamodb=dynamodb_url, opensearch=opensearch)


@pytest.fixture
def world(servers: Servers, tmp_path: Path) -> Iterator[World]:
    with open_world(servers, tmp_path) as made:
        yield made

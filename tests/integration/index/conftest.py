"""An index of its own in OpenSearch for every test, and documents to put into it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from opensearchpy import OpenSearch

from worker.errors import UnavailableError
from worker.index.opensearch.calls import SEARCH_S
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytest.register_assert_rewrite(
    "tests.index_body.asking",
    "tests.index_body.entries",
    "tests.index_body.keeping",
    "tests.index_body.mails",
    "tests.index_body.metadata",
    "tests.index_body.searching",
)
from tests.index_body.documents import make_document  # noqa: E402, F401 - a fixture

MakeIndex = Callable[..., IndexManager]
# Of the real server, which a busy machine slows down; stand-ins that do not answer keep the worker's own.
_TIMEOUT_S = 120.0


@pytest.fixture(scope="session")
def client(opensearch_url: str) -> Iterator[OpenSearch]:
    """A plain client of the server, to check the indices."""
    connected = connect(opensearch_url, timeout_s=_TIMEOUT_S)
    yield connected
    connected.close()


@pytest.fixture
def prefix(client: OpenSearch) -> Iterator[str]:
    """The prefix of this test's indices, which are removed at the end."""
    name = f"t{uuid.uuid4().hex}-"
    yield name
    client.indices.delete(index=f"{name}*")


@pytest.fixture
def make_index(opensearch_url: str, prefix: str) -> Iterator[MakeIndex]:
    """An IndexManager with this test's prefix, without indices yet; `url` selects another server."""
    made: list[IndexManager] = []

    def make(url: str = opensearch_url, **options: int | None) -> IndexManager:
        policy = IndexPolicy(
            breaker=CircuitBreaker(failure_threshold=3, timeout=0.5, expected_exception=UnavailableError),
            retry=RetryHandler(max_retries=2, initial_delay=0.05, max_delay=0.2),
            search_s=_TIMEOUT_S if url == opensearch_url else SEARCH_S,
        )
        to_server = connect(url, timeout_s=_TIMEOUT_S) if url == opensearch_url else connect(url)
        index = IndexManager(to_server, policy=policy, prefix=prefix, **options)  # type: ignore[arg-type]
        made.append(index)
        return index

    yield make
    for index in made:
        index.close()


@pytest.fixture
def index(make_index: MakeIndex) -> IndexManager:
    made = make_index(text_dimension=1)
    made.create_files_index()
    made.create_images_index()
    return made

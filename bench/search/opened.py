"""Both indexes, opened in a folder and on a server of tests/servers, and filled with documents."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tests.servers.build import built
from tests.servers.catalogue import OPENSEARCH
from tests.servers.kind import ServerError
from tests.servers.running import running
from worker.errors import UnavailableError
from worker.index.opensearch.client import OpenSearch, connect
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.index.opensearch.schema import FILES
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

_BULK = 100
# A busy machine slows the server down; that says nothing about the search.
_TIMEOUT_S = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainMatch:
    """A match on `ocr_text` without anything that the worker adds."""

    client: OpenSearch
    alias: str

    def search(self, text: str) -> Any:
        """The ten best files by a plain match."""
        body = {
            "query": {"match": {"ocr_text": text}},
            "_source": ["file_id", "file_name", "file_path"],
            "size": 10,
        }
        return self.client.search(index=self.alias, body=body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """An index that answers; `plain` is the bare server behind it, where there is one."""

    name: str
    index: SqliteIndex | IndexManager
    plain: PlainMatch | None = None

    def fill(self, documents: Iterable[Document]) -> None:
        """Write the documents and make them searchable."""
        if isinstance(self.index, SqliteIndex):
            for document in documents:
                self.index.index_document(document, version=1)
            return
        rest = iter(documents)
        while group := [(document, 1) for document in islice(rest, _BULK)]:
            for refusal in filter(None, self.index.bulk(group)):
                raise refusal
        self.index.refresh()


@contextmanager
def open_sqlite(path: Path) -> Iterator[Opened]:
    """A new index in a file."""
    index = SqliteIndex(path)
    try:
        yield Opened(name="SQLite", index=index)
    finally:
        index.close()


@contextmanager
def server_url() -> Iterator[str | None]:
    """An OpenSearch, the one that TEST_OPENSEARCH_URL names or a new one; None where none can start."""
    named = os.environ.get(OPENSEARCH.variable)
    with ExitStack() as ending:
        if named:
            yield named.rstrip("/")
            return
        try:
            url = ending.enter_context(running(OPENSEARCH, built(OPENSEARCH))).url
        except ServerError:
            url = None
        yield url


@contextmanager
def open_opensearch(url: str) -> Iterator[Opened]:
    """New indices on a server, which are removed afterwards."""
    prefix = f"bench-{uuid.uuid4().hex[:8]}-"
    client = connect(url, timeout_s=_TIMEOUT_S)
    policy = IndexPolicy(
        breaker=CircuitBreaker(expected_exception=UnavailableError), retry=RetryHandler(max_retries=2)
    )
    index = IndexManager(client, policy=policy, prefix=prefix)
    try:
        index.create_files_index()
        index.create_images_index()
        yield Opened(
            name="OpenSearch", index=index, plain=PlainMatch(client=client, alias=f"{prefix}{FILES}")
        )
    finally:
        client.indices.delete(index=f"{prefix}*")
        index.close()

"""The search index behind the same network as AWS: its calls take time, fail and lose their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError

from tests.resilience.faults import Kind
from tests.resilience.wire import Network
from worker.errors import ServiceRefusedError, ThrottledError, UnavailableError
from worker.index.search_index import FileSummary, SearchHit, SearchIndex, SearchResult, SimilarHit
from worker.models.document import Document

__all__ = ["FaultyIndex", "SearchHit"]


class FaultyIndex:
    """A SearchIndex whose writes go through the network."""

    def __init__(self, index: SearchIndex, network: Network) -> None:
        self._index = index
        self._network = network

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:
        self._call("Write", lambda: self._index.index_document(document, version=version, refresh=refresh))

    def tombstone(self, file_id: str, *, version: int, refresh: bool = False) -> None:
        self._call("Tombstone", lambda: self._index.tombstone(file_id, version=version, refresh=refresh))

    def search(self, query: str, *, limit: int = 10, offset: int = 0) -> SearchResult:
        return self._index.search(query, limit=limit, offset=offset)

    def similar(self, vector: Sequence[float], *, limit: int = 5) -> list[SimilarHit]:
        return self._index.similar(vector, limit=limit)

    def document(self, file_id: str) -> Document | None:
        return self._index.document(file_id)

    def find(self, name_or_path: str) -> list[FileSummary]:
        return self._index.find(name_or_path)

    def close(self) -> None:
        self._index.close()

    def _call(self, operation: str, write: Callable[[], None]) -> None:
        network = self._network
        call = network.begin("index", operation)
        try:
            fault = network.meet_plan(call, "index")
            if fault is not None and fault.kind is Kind.STATUS:
                if fault.status == 429:
                    raise ThrottledError("the index asks for fewer calls")
                if fault.status == 403:
                    raise ServiceRefusedError("the index refuses the call")
                raise UnavailableError(f"the index answers {fault.status}")
            write()
            network.end(call, fault, "index")
        except BotoCoreError as error:
            raise UnavailableError(f"the index does not answer: {error}") from error

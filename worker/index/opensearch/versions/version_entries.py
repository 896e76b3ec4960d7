"""VersionEntries: all entries of one files index of any mapping version, tombstones too, to be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.index.opensearch.answers import of_whole
from worker.index.opensearch.calls import ClusterCalls
from worker.index.opensearch.client import OpenSearch, read_answer
from worker.index.opensearch.documents import to_document
from worker.index.opensearch.entries import ordered_page
from worker.index.opensearch.schema import Json
from worker.index.search_index import tombstone_document
from worker.models.document import Document
from worker.models.ledger import State

_FIELDS = ("file_id", "state", "vectors_pending")
_PAGE = 1_000
_LIVE: Json = {"bool": {"must_not": [{"term": {"state": State.TOMBSTONED.value}}]}}


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryMark:
    """What of an entry shows that it was written again; the replayer writes under an unchanged version."""

    file_id: str
    version: int
    state: State
    vectors_pending: bool = False

    @property
    def is_live(self) -> bool:
        """Whether a search may find it."""
        return self.state is not State.TOMBSTONED


class VersionEntries:
    """Reads one index by its name. Raises the errors of `translate_errors`."""

    def __init__(self, client: OpenSearch, *, calls: ClusterCalls, index: str) -> None:
        self._client, self._calls, self._index = client, calls, index

    def marks(self, *, since: str = "") -> Iterator[EntryMark]:
        """All entries in the order of their file ids, or those written `since` (ISO 8601)."""
        self._refresh()
        after = ""
        while page := self._page(after, since):
            yield from page
            after = page[-1].file_id

    def count(self, *, live: bool = False) -> int:
        """How many entries there are, or only those that a search may find."""
        what = f"count {self._index}"
        body = {"query": _LIVE if live else {"match_all": {}}}
        self._refresh()
        answer = self._calls.call(what, lambda: self._client.count(index=self._index, body=body))
        with read_answer(what):
            return of_whole(lambda whole: int(whole["count"]))(answer)

    def documents(self, file_ids: Sequence[str]) -> dict[str, tuple[Document, int]]:
        """The documents of these files as they are now, with their versions; text as it was indexed.

        A tombstone is an empty document.
        """
        what = f"read entries of {self._index}"
        places = [{"_index": self._index, "_id": file_id} for file_id in file_ids]
        answer = self._calls.call(what, lambda: self._client.mget(body={"docs": places}))
        with read_answer(what):
            found = [each for each in answer["docs"] if each.get("found")]
            return {each["_id"]: (_document_of(each["_source"]), int(each["_version"])) for each in found}

    def _refresh(self) -> None:
        what = f"refresh {self._index}"
        self._calls.call(what, lambda: self._client.indices.refresh(index=self._index))

    def _page(self, after: str, since: str) -> list[EntryMark]:
        what = f"read entries of {self._index}"
        body = page_body(after, since)
        answer = self._calls.call(what, lambda: self._client.search(index=self._index, body=body))
        with read_answer(what):
            return of_whole(lambda whole: [_mark_of(hit) for hit in whole["hits"]["hits"]])(answer)


def page_body(after: str, since: str = "") -> Json:
    """The body of a search for the entries after a file id."""
    wanted: list[Json] = [{"range": {"indexed_at": {"gte": since}}}] if since else []
    return ordered_page(after, fields=_FIELDS, size=_PAGE, wanted=wanted)


def _mark_of(hit: Mapping[str, Any]) -> EntryMark:
    source = hit["_source"]
    return EntryMark(
        file_id=source["file_id"],
        version=int(hit["_version"]),
        state=State(source["state"]),
        vectors_pending=bool(source.get("vectors_pending")),
    )


def _document_of(source: Mapping[str, Any]) -> Document:
    if source["state"] == State.TOMBSTONED:
        return tombstone_document(source["file_id"])
    return to_document(source, None)

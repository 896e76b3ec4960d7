"""IndexManager: the search index on OpenSearch.

Every write, of images and tombstones too, carries `version = fence` as `external_gte`, so that the cluster
itself refuses a stale worker. Calls go circuit breaker -> request; RetryHandler repeats them when the cluster
throttles or is unavailable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from worker.errors import WorkerError
from worker.index.analysis.characters import replace_surrogates
from worker.index.file_facts import Groups, may_see
from worker.index.opensearch.answers import missing_of, of_whole
from worker.index.opensearch.bulk.bulk_sender import BulkSender
from worker.index.opensearch.bulk.bulk_writer import BulkAction, BulkWriter, groups, make_action
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import OpenSearch
from worker.index.opensearch.documents import file_source, has_image, image_source, to_document
from worker.index.opensearch.entries import purge_entry, read_entry, read_page
from worker.index.opensearch.file_search import FileSearch
from worker.index.opensearch.index_analysis import IndexAnalysis
from worker.index.opensearch.provisioning import IndexMaker
from worker.index.opensearch.queries import find_body, similar_body, to_similar, to_summary
from worker.index.opensearch.schema import FILES, IMAGE_DIMENSION, IMAGES
from worker.index.query import fold, fold_path, rank
from worker.index.search_index import (
    FileSummary,
    IndexEntry,
    SearchResult,
    SimilarHit,
    tombstone_document,
)
from worker.models.document import Document
from worker.models.ledger import State
from worker.runtime import tally

_Result = TypeVar("_Result")

__all__ = ["IndexManager", "IndexPolicy"]

_FIRST_FENCE, _MAX_FIND_RESULTS = 1, 1_000
_MAX_RESULT_WINDOW = 10_000
"""OpenSearch does not page deeper than this (index.max_result_window)."""


class IndexManager:
    """The SearchIndex in an OpenSearch cluster; aliases are `<prefix>files` and `<prefix>images`.

    `text_dimension` enables text vectors of that length, one per page. While `expects_more` a write waits for
    those that follow. The results bucket has the text as it was (NFKC is stored) and the thumbnails.
    """

    def __init__(
        self,
        client: OpenSearch,
        *,
        policy: IndexPolicy,
        prefix: str = "",
        shards: int = 1,
        text_dimension: int | None = None,
        expects_more: Callable[[], bool] = lambda: False,
    ) -> None:
        self._client = client
        self._calls = ClusterCalls(client, policy)
        self._files, self._images = f"{prefix}{FILES}", f"{prefix}{IMAGES}"
        self._analysis = IndexAnalysis(client, self._files, calls=self._calls)
        self._maker = IndexMaker(client, prefix=prefix, shards=shards, text_dimension=text_dimension)
        self._text_vectors = text_dimension is not None
        self._sender = BulkSender(client, policy=policy, maker=self._maker, prefix=prefix)
        self._writer = BulkWriter(partial(self._sender.send, refresh=False), expects_more=expects_more)
        self._refreshing_writer = BulkWriter(partial(self._sender.send, refresh=True))

    def create_files_index(self) -> bool:
        """Create the index for documents, with its alias; False where the alias exists already."""
        return self._calls.call("create the files index", self._maker.make_files)

    def create_images_index(self) -> bool:
        """Create the index for image vectors, with its alias; False where the alias exists already."""
        return self._calls.call("create the images index", self._maker.make_images)

    def missing_aliases(self) -> list[str]:
        """The aliases that do not exist."""
        return self._calls.call("check the indices", self._maker.missing_aliases)

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:
        """See SearchIndex. Raises RejectedError (INDEX_REJECTED) when the cluster refuses this document."""
        self._write(self._bulk_actions(document, version), refresh=refresh)

    # Bound by the specification; the worker itself calls none of the next three.
    def index_image_vector(self, document: Document, *, version: int, refresh: bool = False) -> None:
        """Write the image vector alone, or a tombstone where there is none."""
        self._write([self._image_action(document, version)], refresh=refresh)

    def bulk(self, documents: Sequence[tuple[Document, int]]) -> list[WorkerError | None]:
        """Write many documents, each with its version; returns the error or None of each.

        Raises UnavailableError or ThrottledError when the cluster is unavailable.
        """
        results: list[WorkerError | None] = []
        for group in groups(self._bulk_actions(document, version) for document, version in documents):
            outcome = iter(self._sender.send([each for actions in group for each in actions], refresh=False))
            results += [_first([next(outcome) for _ in actions]) for actions in group]
        return results

    def refresh(self) -> None:
        """Make all writes searchable."""
        self._calls.call(
            "refresh the indices",
            lambda: self._client.indices.refresh(index=f"{self._files},{self._images}"),
        )

    def tombstone(self, file_id: str, *, version: int, refresh: bool = False) -> None:
        """See SearchIndex."""
        self._write(self._bulk_actions(tombstone_document(file_id), version), refresh=refresh)

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, groups: Groups = None, facets: bool = False
    ) -> SearchResult:
        """See SearchIndex; at most the first 10,000 files can be reached."""
        offset = min(max(0, offset), _MAX_RESULT_WINDOW)
        limit = min(max(0, limit), _MAX_RESULT_WINDOW - offset)
        deadline, missing = self._calls.deadline(), []

        def ask(body: dict[str, Any], to_result: Callable[[Any], _Result]) -> _Result:
            def read(answer: Any) -> _Result:
                missing.append(missing_of(answer))
                return to_result(answer)

            return self._calls.search(self._files, body, read, deadline=deadline)

        has_words = self._analysis.current(deadline=deadline).has_words
        search = FileSearch(ask=ask, limit=limit, offset=offset, groups=groups, facets=facets)
        found = search.run(query, has_words=has_words)
        # A tier that found nothing in a part of the index may have hits in the rest.
        return replace(found, missing=next(filter(None, missing), ""))

    def similar(self, vector: Sequence[float], *, limit: int = 5, groups: Groups = None) -> list[SimilarHit]:
        """See SearchIndex; HNSW is approximate and may miss a neighbour in a large index."""
        if len(vector) != IMAGE_DIMENSION or not any(vector):
            return []
        body = similar_body(vector, limit=limit, groups=groups)
        return self._calls.search(self._images, body, of_whole(to_similar))

    def document(self, file_id: str, *, groups: Groups = None) -> Document | None:
        """See SearchIndex; without the vectors of pages. A real-time read: a write is visible at once."""
        places = [{"_index": alias, "_id": file_id} for alias in (self._files, self._images)]
        document = self._calls.read(
            f"read file {file_id}",
            lambda timeout: self._client.mget(body={"docs": places}, request_timeout=timeout),
            _document_of,
        )
        return document if document and may_see(document.metadata.allowed_groups, groups) else None

    def find(self, name_or_path: str, *, groups: Groups = None) -> list[FileSummary]:
        """See SearchIndex."""
        file_id, path = replace_surrogates(name_or_path), fold_path(name_or_path)
        name = fold(re.split(r"[/\\]", name_or_path)[-1])
        body = find_body(file_id=file_id, name=name, path=path, limit=_MAX_FIND_RESULTS, groups=groups)
        sources = self._calls.search(self._files, body, of_whole(_sources_of))
        ranked = [
            (rank(source["file_id"] == file_id, source["name_key"], source["path_key"], path), source)
            for source in sources
        ]
        best = min((place for place, _ in ranked if place is not None), default=None)
        return [to_summary(source) for place, source in ranked if place is not None and place == best]

    def entries(self, bucket: str, *, after: str = "", limit: int = 1_000) -> list[IndexEntry]:
        """See SearchIndex."""
        return self._calls.call(
            f"search {self._files}",
            lambda: read_page(self._client, self._files, bucket, after=after, limit=limit),
        )

    def entry(self, file_id: str) -> IndexEntry | None:
        """See SearchIndex; a real-time read."""
        return self._calls.call(
            f"read file {file_id}", lambda: read_entry(self._client, self._files, file_id)
        )

    def purge(self, file_id: str, *, version: int) -> bool:
        """See SearchIndex."""
        aliases = (self._files, self._images)
        return self._calls.call(
            f"purge file {file_id}", lambda: purge_entry(self._client, aliases, file_id, version)
        )

    def close(self) -> None:
        """See SearchIndex."""
        self._client.close()

    def _bulk_actions(self, document: Document, version: int) -> list[BulkAction]:
        analysis = self._analysis.current()
        analysis.check_writable(self._files)
        source = file_source(document, text_vectors=self._text_vectors, has_words=analysis.has_words)
        actions = [make_action(self._files, document.file_id, version, source)]
        # Under the first fence there is no older image vector to replace, and most files never have one.
        if has_image(document) or version > _FIRST_FENCE:
            actions.append(self._image_action(document, version))
        return actions

    def _image_action(self, document: Document, version: int) -> BulkAction:
        return make_action(self._images, document.file_id, version, image_source(document))

    def _write(self, actions: Sequence[BulkAction], *, refresh: bool) -> None:
        tally.set_stored("index", sum(len(action.lines) for action in actions))
        writer = self._refreshing_writer if refresh else self._writer
        error = _first(writer.write(actions))
        if error is not None:
            raise error


def _document_of(answer: Mapping[str, Any]) -> Document | None:
    file, image = (each["_source"] if each.get("found") else None for each in answer["docs"])
    if file is None or file["state"] == State.TOMBSTONED:
        return None
    return to_document(file, image)


def _sources_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def _first(outcome: Sequence[WorkerError | None]) -> WorkerError | None:
    return next((error for error in outcome if error is not None), None)

"""IndexManager: the search index on OpenSearch.

Every write, of images and tombstones too, carries `version = fence` as `external_gte`, so that the cluster
itself refuses a stale worker. Calls go circuit breaker -> request; RetryHandler repeats them when the cluster
throttles or is unavailable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from worker.errors import ThrottledError, TransientError, UnavailableError, WorkerError
from worker.index.analysis.characters import replace_surrogates
from worker.index.file_facts import Groups, may_see
from worker.index.opensearch.bulk_writer import BulkAction, BulkWriter, groups
from worker.index.opensearch.client import (
    FieldMissingError,
    IndexMissingError,
    OpenSearch,
    item_error,
    translate_errors,
)
from worker.index.opensearch.documents import file_source, has_image, image_source, to_document
from worker.index.opensearch.entries import page_body, purge_entry, read_entry, to_entry
from worker.index.opensearch.file_search import search_files
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
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler
from worker.runtime import tally

_FIRST_FENCE, _MAX_FIND_RESULTS = 1, 1_000
_MAX_RESULT_WINDOW = 10_000
"""OpenSearch does not page deeper than this (index.max_result_window)."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPolicy:
    """Circuit breaker and retries of requests.

    `breaker` must count UnavailableError only: a 429 or a refused document does not mean an outage.
    """

    breaker: CircuitBreaker
    retry: RetryHandler


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
        self._policy = policy
        self._files, self._images = f"{prefix}{FILES}", f"{prefix}{IMAGES}"
        self._maker = IndexMaker(client, prefix=prefix, shards=shards, text_dimension=text_dimension)
        self._text_vectors = text_dimension is not None
        self._writer = BulkWriter(partial(self._send, refresh=False), expects_more=expects_more)
        self._refreshing_writer = BulkWriter(partial(self._send, refresh=True))

    def create_files_index(self) -> bool:
        """Create the index for documents, with its alias; False where the alias exists already."""
        return self._call("create the files index", self._maker.make_files)

    def create_images_index(self) -> bool:
        """Create the index for image vectors, with its alias; False where the alias exists already."""
        return self._call("create the images index", self._maker.make_images)

    def missing_aliases(self) -> list[str]:
        """The aliases that do not exist."""
        return self._call("check the indices", self._maker.missing_aliases)

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
            outcome = iter(self._send([each for actions in group for each in actions], refresh=False))
            results += [_first([next(outcome) for _ in actions]) for actions in group]
        return results

    def refresh(self) -> None:
        """Make all writes searchable."""
        self._call(
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
        ask = partial(self._search, self._files)
        return search_files(ask, query, limit=limit, offset=offset, groups=groups, facets=facets)

    def similar(self, vector: Sequence[float], *, limit: int = 5, groups: Groups = None) -> list[SimilarHit]:
        """See SearchIndex; HNSW is approximate and may miss a neighbour in a large index."""
        if len(vector) != IMAGE_DIMENSION or not any(vector):
            return []
        return to_similar(self._search(self._images, similar_body(vector, limit=limit, groups=groups)))

    def document(self, file_id: str, *, groups: Groups = None) -> Document | None:
        """See SearchIndex; a real-time read, so a write is visible before its refresh."""
        ids = [{"_index": alias, "_id": file_id} for alias in (self._files, self._images)]
        answer = self._call(f"read file {file_id}", lambda: self._client.mget(body={"docs": ids}))
        file, image = (each.get("_source") if each.get("found") else None for each in answer["docs"])
        if file is None or file["state"] == State.TOMBSTONED:
            return None
        document = to_document(file, image)
        return document if may_see(document.metadata.allowed_groups, groups) else None

    def find(self, name_or_path: str, *, groups: Groups = None) -> list[FileSummary]:
        """See SearchIndex."""
        file_id, path = replace_surrogates(name_or_path), fold_path(name_or_path)
        name = fold(re.split(r"[/\\]", name_or_path)[-1])
        body = find_body(file_id=file_id, name=name, path=path, limit=_MAX_FIND_RESULTS, groups=groups)
        sources = [hit["_source"] for hit in self._search(self._files, body)["hits"]["hits"]]
        ranked = [
            (rank(source["file_id"] == file_id, source["name_key"], source["path_key"], path), source)
            for source in sources
        ]
        best = min((place for place, _ in ranked if place is not None), default=None)
        return [to_summary(source) for place, source in ranked if place is not None and place == best]

    def entries(self, bucket: str, *, after: str = "", limit: int = 1_000) -> list[IndexEntry]:
        """See SearchIndex."""
        answer = self._search(self._files, page_body(bucket, after=after, limit=limit))
        return [to_entry(hit) for hit in answer["hits"]["hits"]]

    def entry(self, file_id: str) -> IndexEntry | None:
        """See SearchIndex; a real-time read."""
        return self._call(f"read file {file_id}", lambda: read_entry(self._client, self._files, file_id))

    def purge(self, file_id: str, *, version: int) -> bool:
        """See SearchIndex."""
        aliases = (self._files, self._images)
        return self._call(
            f"purge file {file_id}", lambda: purge_entry(self._client, aliases, file_id, version)
        )

    def close(self) -> None:
        """See SearchIndex."""
        self._client.close()

    def _bulk_actions(self, document: Document, version: int) -> list[BulkAction]:
        source = file_source(document, text_vectors=self._text_vectors)
        actions = [_bulk_action(self._files, document.file_id, version, source)]
        # Under the first fence there is no older image vector to replace, and most files never have one.
        if has_image(document) or version > _FIRST_FENCE:
            actions.append(self._image_action(document, version))
        return actions

    def _image_action(self, document: Document, version: int) -> BulkAction:
        return _bulk_action(self._images, document.file_id, version, image_source(document))

    def _write(self, actions: Sequence[BulkAction], *, refresh: bool) -> None:
        tally.set_stored("index", sum(len(action.lines) for action in actions))
        writer = self._refreshing_writer if refresh else self._writer
        error = _first(writer.write(actions))
        if error is not None:
            raise error

    def _send(self, actions: Sequence[BulkAction], *, refresh: bool) -> Sequence[WorkerError | None]:
        """One bulk request, repeated for the items that may succeed later; the error or None of each."""
        outcome: list[WorkerError | None] = [None] * len(actions)
        left = list(range(len(actions)))

        def attempt() -> None:
            answer = self._post([actions[number] for number in left], refresh=refresh)
            for number, item in zip(tuple(left), answer, strict=True):
                action = actions[number]
                error = item_error(f"index file {action.file_id}", item, version=action.version)
                outcome[number] = error
                # Written, or refused for good: the item is not sent again.
                if not isinstance(error, TransientError | IndexMissingError):
                    left.remove(number)
            if left:
                raise self._prepare_retry(outcome[left[0]])

        try:
            self._policy.retry.call(attempt)
        except TransientError as error:
            for number in left:
                outcome[number] = outcome[number] or error
            if len(left) == len(actions):
                if isinstance(error.__cause__, FieldMissingError):
                    raise error.__cause__ from None
                raise
        return outcome

    def _post(self, actions: Sequence[BulkAction], *, refresh: bool) -> list[dict[str, Any]]:
        def post() -> Any:
            with translate_errors(f"write {len(actions)} entries to OpenSearch"):
                return self._client.bulk(
                    body=b"".join(action.lines for action in actions),
                    refresh="true" if refresh else "false",
                    # Without it a write to a missing alias would create an index with a guessed mapping.
                    require_alias="true",
                )

        answer = self._policy.breaker.call(post)
        return [item["index"] for item in answer["items"]]

    def _prepare_retry(self, error: WorkerError | None) -> WorkerError:
        """Create what the indices lack; returns the error that makes RetryHandler try again."""
        if isinstance(error, IndexMissingError):
            self._maker.make_files()
            self._maker.make_images()
            retry = UnavailableError(f"{error} It was created just now.")
            # A field that is still refused at the last try is no outage: then `_send` raises this cause.
            retry.__cause__ = error if isinstance(error, FieldMissingError) else None
            return retry
        return error if isinstance(error, ThrottledError | UnavailableError) else UnavailableError(str(error))

    def _search(self, alias: str, body: dict[str, Any]) -> Any:
        return self._call(f"search {alias}", lambda: self._client.search(index=alias, body=body))

    def _call(self, what: str, function: Callable[[], _Result]) -> _Result:
        def attempt() -> _Result:
            with translate_errors(what):
                return function()

        return self._policy.retry.call(lambda: self._policy.breaker.call(attempt))


def _bulk_action(alias: str, file_id: str, version: int, source: dict[str, Any]) -> BulkAction:
    action = {"index": {"_index": alias, "_id": file_id, "version": version, "version_type": "external_gte"}}
    rows = (json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in (action, source))
    lines = "".join(f"{row}\n" for row in rows).encode("utf-8", "replace")
    return BulkAction(alias=alias, file_id=file_id, version=version, lines=lines)


def _first(outcome: Sequence[WorkerError | None]) -> WorkerError | None:
    return next((error for error in outcome if error is not None), None)

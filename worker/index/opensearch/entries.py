"""Entries of the files index without their content: read in pages by file id, and purged on their version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker.errors import TransientError
from worker.index.opensearch.answers import of_whole
from worker.index.opensearch.client import OpenSearch, item_error, read_answer
from worker.index.opensearch.schema import Json
from worker.index.search_index import IndexEntry
from worker.models.ledger import State

_FIELDS = ("file_id", "state", "bucket", "key", "content_hash")
_LARGEST_PAGE = 10_000


def read_page(client: OpenSearch, alias: str, bucket: str, *, after: str, limit: int) -> list[IndexEntry]:
    """A page of entries; raises UnavailableError where a part of the index does not answer."""
    answer = client.search(index=alias, body=page_body(bucket, after=after, limit=limit))
    with read_answer(f"search {alias}"):
        return of_whole(lambda whole: [to_entry(hit) for hit in whole["hits"]["hits"]])(answer)


def page_body(bucket: str, *, after: str, limit: int) -> Json:
    """The body of a search for a page of entries."""
    return ordered_page(
        after,
        fields=_FIELDS,
        size=max(1, min(limit, _LARGEST_PAGE)),
        wanted=[{"term": {"bucket": bucket}}],
        without=[{"term": {"state": State.TOMBSTONED.value}}],
    )


def ordered_page(
    after: str,
    *,
    fields: Sequence[str],
    size: int,
    wanted: Sequence[Json] = (),
    without: Sequence[Json] = (),
) -> Json:
    """The body of a search for the entries that come after a file id, in the order of these."""
    # The id of an entry never changes, so no point in time is needed: an entry that is rewritten keeps its
    # place, and a command that was killed goes on days later.
    return {
        "query": {
            "bool": {
                "filter": [{"range": {"file_id": {"gt": after}}}, *wanted],
                "must_not": list(without),
            }
        },
        "_source": list(fields),
        "version": True,
        "track_total_hits": False,
        "sort": [{"file_id": "asc"}],
        "size": size,
    }


def read_entry(client: OpenSearch, alias: str, file_id: str) -> IndexEntry | None:
    """The entry of a file, by a real-time read."""
    answer = client.mget(body={"docs": [{"_index": alias, "_id": file_id, "_source": list(_FIELDS)}]})
    with read_answer(f"read file {file_id}"):
        (found,) = answer["docs"]
        return to_entry(found) if found.get("found") else None


def purge_entry(client: OpenSearch, aliases: tuple[str, str], file_id: str, version: int) -> bool:
    """Delete the tombstone of a file from the files index and the images index."""
    entry = read_entry(client, aliases[0], file_id)
    if entry is not None and (entry.state is not State.TOMBSTONED or entry.version > version):
        return False
    deletes: list[Json] = [
        {"delete": {"_index": alias, "_id": file_id, "version": version, "version_type": "external_gte"}}
        for alias in aliases
    ]
    # The version decides, not the read above: a write in between has a higher one.
    answer = client.bulk(body=deletes, require_alias="true")
    with read_answer(f"purge file {file_id}"):
        items = [item["delete"] for item in answer["items"]]
        errors = [item_error(f"purge file {file_id}", item, version=version) for item in items]
    for error in errors:
        # Another entry, or no index: nothing to purge. A block or an overload would look like the former.
        if isinstance(error, TransientError):
            raise error
    return all(item["status"] in (200, 404) for item in items)


def to_entry(hit: Mapping[str, Any]) -> IndexEntry:
    """A hit, or a document of a multi-get, as a value."""
    source = hit["_source"]
    return IndexEntry(
        file_id=source["file_id"],
        version=int(hit["_version"]),
        state=State(source["state"]),
        bucket=source.get("bucket") or "",
        key=source.get("key") or "",
        content_hash=source.get("content_hash"),
    )

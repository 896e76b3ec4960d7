"""A search by text on OpenSearch: one hit a content, with the other places of it, and counts by facet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from worker.index.file_facts import MAX_COPIES, Groups
from worker.index.opensearch.metadata_fields import (
    COPIES,
    copies_body,
    facets_body,
    fold_copies,
    to_facets,
)
from worker.index.opensearch.queries import search_body, to_result
from worker.index.opensearch.schema import Json
from worker.index.search_index import SearchResult, Tier
from worker.index.search_query import SearchQuery, search_tiers

_MAX_COPIES_READ = 1_000

Ask = Callable[[Json], Mapping[str, Any]]
"""Sends the body of a search to the files index."""


def search_files(
    ask: Ask, query: str, *, limit: int, offset: int, groups: Groups, facets: bool
) -> SearchResult:
    """What the first tier finds that finds any file."""

    def run(asked: SearchQuery, tier: Tier) -> SearchResult:
        body = fold_copies(search_body(asked, tier, limit=limit, offset=offset, groups=groups))
        answer = ask(body)
        files = int(answer["hits"]["total"]["value"])
        # The count of contents is an estimate; without copies it is that of the files.
        contents = min(files, int(answer["aggregations"][COPIES]["value"]))
        found = replace(to_result(answer, asked, tier), total=contents)
        if contents < files:
            found = _with_copies(ask, found, answer, body)
        return (
            replace(found, facets=to_facets(ask(facets_body(body["query"])))) if facets and files else found
        )

    return search_tiers(query, run)


def _with_copies(ask: Ask, found: SearchResult, answer: Mapping[str, Any], body: Json) -> SearchResult:
    """The result with the paths of the other files that have the content of a hit."""
    keys = [hit["_source"]["copy_key"] for hit in answer["hits"]["hits"]]
    if not keys:
        return found
    limit = min(MAX_COPIES * len(keys), _MAX_COPIES_READ)
    others = ask(copies_body(body["query"], keys, [hit.file_id for hit in found.hits], limit=limit))
    paths: dict[str, list[str]] = {}
    for other in others["hits"]["hits"]:
        paths.setdefault(other["_source"]["copy_key"], []).append(other["_source"]["file_path"])
    hits = (
        replace(hit, also_at=tuple(sorted(paths.get(key, ()))[:MAX_COPIES]))
        for hit, key in zip(found.hits, keys, strict=True)
    )
    return replace(found, hits=tuple(hits))

"""A search by text on OpenSearch: one hit a content, with the other places of it, and counts by facet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from worker.index.file_facts import MAX_COPIES, Groups
from worker.index.opensearch.metadata_fields import (
    COPIES,
    copies_body,
    facets_body,
    fold_copies,
    to_facets,
)
from worker.index.opensearch.queries import (
    has_best_pages,
    pages_body,
    pages_of,
    search_body,
    to_result,
    with_others,
)
from worker.index.opensearch.schema import Json
from worker.index.search_index import SearchResult
from worker.index.search_plan import Plan, search_tiers
from worker.index.search_query import SearchQuery

_MAX_COPIES_READ = 1_000
_Result = TypeVar("_Result")


class Ask(Protocol):
    """Sends the body of a search to the files index; the result is what `to_result` makes of the answer."""

    def __call__(self, body: Json, to_result: Callable[[Any], _Result]) -> _Result:
        """Raises the errors of a search."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _First:
    """The answer to the first request: how many files match, with how many contents.

    `without_pages` are the files whose pages are still to be asked for; without any there is the `result`.
    """

    files: int
    contents: int
    answer: Mapping[str, Any]
    without_pages: Sequence[str]
    result: SearchResult | None

    @property
    def hits(self) -> Sequence[Mapping[str, Any]]:
        """The files that are shown."""
        found: Sequence[Mapping[str, Any]] = self.answer["hits"]["hits"]
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSearch:
    """One search: its first tier that finds any file, then what is shown of those."""

    ask: Ask
    limit: int
    offset: int
    groups: Groups
    facets: bool

    def run(self, query: str, *, has_words: bool) -> SearchResult:
        """The result; `has_words` says whether the index knows Japanese words."""
        return search_tiers(query, self._run, has_words=has_words)

    def _run(self, query: SearchQuery, plan: Plan) -> SearchResult:
        whole = search_body(query, plan, limit=self.limit, offset=self.offset, groups=self.groups)
        body = fold_copies(whole)
        first = self.ask(body, partial(_read, query=query, plan=plan))
        found = first.result or self.ask(
            pages_body(
                query,
                plan,
                first.without_pages,
                has_best=has_best_pages(plan),
                most_pages=max(int(hit["_source"].get("page_count") or 0) for hit in first.hits),
            ),
            partial(_with_pages, first=first, query=query, plan=plan),
        )
        if found.total < first.files and found.hits:
            found = self._with_copies(found, first.answer, body)
        if self.facets and first.files:
            found = replace(found, facets=self.ask(facets_body(body["query"]), to_facets))
        return found

    def _with_copies(self, found: SearchResult, answer: Mapping[str, Any], body: Json) -> SearchResult:
        """The result with the paths of the other files that have the content of a hit."""
        keys = [hit["_source"]["copy_key"] for hit in answer["hits"]["hits"]]
        limit = min(MAX_COPIES * len(keys), _MAX_COPIES_READ)
        others = copies_body(body["query"], keys, [hit.file_id for hit in found.hits], limit=limit)
        paths = self.ask(others, _paths_by_key)
        hits = (
            replace(hit, also_at=tuple(sorted(paths.get(key, ()))[:MAX_COPIES]))
            for hit, key in zip(found.hits, keys, strict=True)
        )
        return replace(found, hits=tuple(hits))


def _read(answer: Mapping[str, Any], *, query: SearchQuery, plan: Plan) -> _First:
    """What the first request has found, and the result where that needs no other."""
    files = int(answer["hits"]["total"]["value"])
    # The count of contents is an estimate; without copies it is that of the files.
    contents = min(files, int(answer["aggregations"][COPIES]["value"]))
    pages = pages_of(answer)
    without = [] if not plan.groups else with_others(pages) if has_best_pages(plan) else list(pages)
    result = None if without else replace(to_result(answer, pages, query, plan), total=contents)
    return _First(files=files, contents=contents, answer=answer, without_pages=without, result=result)


def _with_pages(answer: Mapping[str, Any], *, first: _First, query: SearchQuery, plan: Plan) -> SearchResult:
    """The result with the pages of a second request."""
    pages = pages_of(first.answer)
    for file_id, others in pages_of(answer).items():
        pages[file_id] = {**pages[file_id], **others}
    return replace(to_result(first.answer, pages, query, plan), total=first.contents)


def _paths_by_key(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for other in answer["hits"]["hits"]:
        paths.setdefault(other["_source"]["copy_key"], []).append(other["_source"]["file_path"])
    return paths

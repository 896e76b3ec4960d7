"""How many requests a search makes; what it finds is in tests/index_body/metadata.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from worker.index.file_facts import FACETS
from worker.index.opensearch.file_search import FileSearch
from worker.index.opensearch.schema import Json

pytestmark = pytest.mark.unit

FILE = {
    "file_id": "f",
    "file_name": "a.pdf",
    "file_path": "x/a.pdf",
    "bucket": "b",
    "file_type": "pdf",
    "copy_key": "k",
    "page_count": 3,
}


class Server:
    """Answers a search with one hit of so many files, another with a copy or with counts."""

    def __init__(self, files: int, contents: int, pages: int = 1) -> None:
        self.files, self.contents, self.pages = files, contents, pages
        self.asked: list[Json] = []

    def ask(self, body: Json, to_result: Callable[[Any], Any]) -> Any:
        self.asked.append(body)
        return to_result(self._answer(body))

    def _answer(self, body: Json) -> Mapping[str, Any]:
        if "collapse" not in body and body.get("_source") is not False:
            empty: Json = {name: {"buckets": []} for name in FACETS}
            copy = {"_source": {"copy_key": "k", "file_path": "y/a.pdf"}}
            return {"hits": {"hits": [copy]}, "aggregations": empty}
        if body.get("_source") is False:
            numbers = [{"fields": {"pages.number": [number]}} for number in range(1, self.pages + 1)]
            return {"hits": {"hits": [{"_id": "f", "inner_hits": {"all": {"hits": {"hits": numbers}}}}]}}
        page = {"number": 1, "text": "a word", "source": "file"}
        best = {"total": {"value": self.pages}, "hits": [{"_source": page}]}
        hit = {"_id": "f", "_score": 1.0, "_source": FILE, "inner_hits": {"best": {"hits": best}}}
        hits = [hit] if self.files else []
        return {
            "hits": {"total": {"value": self.files}, "hits": hits},
            "aggregations": {"contents": {"value": self.contents}},
        }


@pytest.mark.parametrize(
    ("files", "contents", "facets", "requests", "total"),
    [
        (1, 1, False, 1, 1),
        (1, 1, True, 2, 1),
        (3, 2, False, 2, 2),
        (3, 2, True, 3, 2),
        (2, 3, False, 1, 2),  # the count of contents is an estimate
        (0, 0, True, 2, 0),  # two tiers, and nothing to show or to count
    ],
)
def test_only_what_is_needed_is_asked_for(
    files: int, contents: int, facets: bool, requests: int, total: int
) -> None:
    server = Server(files, contents)
    search = FileSearch(ask=server.ask, limit=5, offset=0, groups=None, facets=facets)
    found = search.run("word", has_words=False)
    assert (len(server.asked), found.total) == (requests, total)
    copies = [hit.also_at for hit in found.hits]
    assert copies == ([("y/a.pdf",)] if contents < files else [()] if files else [])


@pytest.mark.parametrize(("pages", "requests"), [(1, 1), (3, 2)])
def test_the_other_pages_are_asked_for_where_there_are_any(pages: int, requests: int) -> None:
    server = Server(1, 1, pages)
    search = FileSearch(ask=server.ask, limit=5, offset=0, groups=None, facets=False)
    (hit,) = search.run("word", has_words=False).hits
    assert (hit.page, hit.snippet) == (1, "a [[word]]")
    assert hit.matching_pages == tuple(range(1, pages + 1))
    assert len(server.asked) == requests

"""Request bodies for OpenSearch, and its responses as SearchHits.

Every group of a query must be met in the file, on any page, in its name or path, by kuromoji's tokens or by
bigrams. That decides which files match; the score comes from the best nested page and from the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from worker.index.opensearch.schema import PAIRS, Json
from worker.index.query import Term, label, snippet
from worker.index.query_filters import Filters
from worker.index.search_index import FileSummary, SearchHit, SearchResult, SimilarHit, Tier
from worker.index.search_query import SearchQuery
from worker.models.ledger import State

_NAME_BOOST = 2.0
_FRAGMENT_CHARS = 120
_HIT_FIELDS = ("file_id", "file_name", "file_path")
SUMMARY = (*_HIT_FIELDS, "state", "reason", "page_count")
_TOMBSTONED: Json = {"term": {"state": State.TOMBSTONED.value}}


def search_body(query: SearchQuery, tier: Tier, *, limit: int, offset: int) -> Json:
    """The body of a text search for `limit` files after `offset`."""
    groups, needed = query.groups(tier)
    pages = query.filters.pages
    matches = [_any_of([_anywhere_clause(term, pages) for term in group]) for group in groups]
    needed_clause: Json = {"bool": {"should": matches, "minimum_should_match": needed}}
    terms = [term for group in groups for term in group]
    refused = [*_filter_clauses(query.without), *(_anywhere_clause(term, None) for term in query.excluded)]
    body: Json = {
        "filter": [*([needed_clause] if groups else []), *_filter_clauses(query.filters)],
        "must_not": [_TOMBSTONED, *refused],
    }
    if groups:
        body["should"] = [_best_page_clause(terms, pages), *(_name_clause(term) for term in terms)]
    elif pages:
        body["filter"].append(_nested(_on_pages(pages)))
    return {
        "query": {"bool": body},
        "_source": [*_HIT_FIELDS, "state", "reason"],
        # The second key makes paging stable among equal scores; without words the newest write comes first.
        "sort": [{"_score": "desc"}, *([] if groups else [{"indexed_at": "desc"}]), {"file_id": "asc"}],
        # Otherwise the total stops at 10,000.
        "track_total_hits": True,
        "size": limit,
        "from": offset,
    }


def similar_body(vector: Sequence[float], *, limit: int) -> Json:
    """The body of a search for the nearest image vectors."""
    return {
        "query": {"knn": {"image_vector": {"vector": list(vector), "k": limit}}},
        "_source": list(_HIT_FIELDS),
        "size": limit,
    }


def find_body(*, file_id: str, name: str, path: str, limit: int) -> Json:
    """The body of a search by id, folded name or folded path."""
    keys = ({"file_id": file_id}, {"name_key": name}, {"path_key": path})
    return {
        "query": {
            "bool": {
                "should": [{"term": key} for key in keys],
                "minimum_should_match": 1,
                "must_not": [_TOMBSTONED],
            }
        },
        "_source": [*SUMMARY, "path_key", "name_key"],
        "sort": [{"path_key": "asc"}],
        "size": limit,
    }


def to_result(answer: Mapping[str, Any], query: SearchQuery, tier: Tier) -> SearchResult:
    """The hits of a text search."""
    groups, _ = query.groups(tier)
    terms = tuple(term for group in groups for term in group)
    hits = answer["hits"]
    return SearchResult(
        total=int(hits["total"]["value"]),
        hits=tuple(_hit(hit, terms) for hit in hits["hits"]),
        tier=tier,
        notes=query.notes,
    )


def to_similar(answer: Mapping[str, Any]) -> list[SimilarHit]:
    """The hits of a search by vector: Lucene's score is (1 + cosine) / 2."""
    return [
        SimilarHit(
            file_id=hit["_source"]["file_id"],
            file_name=hit["_source"]["file_name"],
            file_path=hit["_source"]["file_path"],
            score=max(-1.0, min(1.0, 2.0 * float(hit["_score"]) - 1.0)),
        )
        for hit in answer["hits"]["hits"]
    ]


def to_summary(source: Mapping[str, Any]) -> FileSummary:
    """The summary of one file."""
    return FileSummary(
        file_id=source["file_id"],
        file_name=source["file_name"],
        file_path=source["file_path"],
        state=State(source["state"]),
        reason=source.get("reason"),
        pages=int(source.get("page_count") or 0),
    )


def _phrases(fields: Iterable[str], term: Term) -> list[Json]:
    # In the index every CJK run ends with a single character, which the query lacks: hence the slop.
    return [
        {"match_phrase": {name: {"query": term.text, "slop": slop}}}
        for field in fields
        for name, slop in ((field, 0), (f"{field}.{PAIRS}", term.inner_run_ends))
    ]


def _any_of(queries: list[Json]) -> Json:
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _anywhere_clause(term: Term, pages: tuple[int, int] | None) -> Json:
    if pages is None:
        return _any_of(_phrases(("ocr_text", "label"), term))
    return _nested({"bool": {"must": [_on_pages(pages), _any_of(_phrases(("pages.text",), term))]}})


def _filter_clauses(filters: Filters) -> list[Json]:
    """A clause for each kind of filter, but for the pages."""
    wanted = (("file_type", filters.types), ("language", filters.languages), ("state", filters.states))
    return [
        *({"terms": {field: list(values)}} for field, values in wanted if values),
        *(_any_of(_phrases(("label",), path)) for path in filters.paths),
    ]


def _on_pages(pages: tuple[int, int]) -> Json:
    first, last = pages
    return {"range": {"pages.number": {"gte": first, "lte": last}}}


def _nested(query: Json) -> Json:
    return {"nested": {"path": "pages", "query": query}}


def _name_clause(term: Term) -> Json:
    return {
        "dis_max": {"queries": _phrases(("label",), term), "boost": _NAME_BOOST},
    }


def _best_page_clause(terms: Sequence[Term], pages: tuple[int, int] | None) -> Json:
    on_page = [phrase for term in terms for phrase in _phrases(("pages.text",), term)]
    matching = _any_of(on_page)
    if pages is not None:
        matching["bool"]["filter"] = [_on_pages(pages)]
    return {
        "nested": {
            "path": "pages",
            "score_mode": "max",
            "query": matching,
            "inner_hits": {
                "size": 1,
                "_source": ["pages.number", "pages.text", "pages.member_path"],
                "highlight": {
                    "fields": {"pages.text": {}},
                    "fragment_size": _FRAGMENT_CHARS,
                    "number_of_fragments": 1,
                    "pre_tags": ["[["],
                    "post_tags": ["]]"],
                },
            },
        }
    }


def _hit(hit: Mapping[str, Any], terms: tuple[Term, ...]) -> SearchHit:
    source = hit["_source"]
    # A search without words asks for no page.
    pages = hit.get("inner_hits", {"pages": {"hits": {"hits": []}}})["pages"]["hits"]["hits"]
    if pages:
        number, text = int(pages[0]["_source"]["number"]), _page_snippet(pages[0], terms)
        member_path = str(pages[0]["_source"].get("member_path") or "")
    else:
        member_path, number, text = "", 0, snippet(label(source["file_name"], source["file_path"]), terms)
    return SearchHit(
        file_id=source["file_id"],
        file_name=source["file_name"],
        file_path=source["file_path"],
        page=number,
        snippet=text,
        score=float(hit["_score"]),
        state=State(source.get("state", State.INDEXED)),
        reason=source.get("reason"),
        member_path=member_path,
    )


def _page_snippet(page: Mapping[str, Any], terms: tuple[Term, ...]) -> str:
    """The common snippet, or OpenSearch's highlight where only kuromoji matches (another form of a verb)."""
    text = snippet(page["_source"]["text"], terms)
    highlights = page.get("highlight", {}).get("pages.text")
    return text if "[[" in text or not highlights else " ".join(highlights[0].split())

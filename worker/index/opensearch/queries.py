"""Request bodies for OpenSearch, and its responses as SearchHits.

A search asks which files match and in which order, by the streams of their whole text and of their names, and
for the best page of those few that are shown. A second request has their other pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker.index.analysis.snippets import snippet
from worker.index.clauses import Group, leaves
from worker.index.file_facts import Groups
from worker.index.opensearch.metadata_fields import (
    HIT_FIELDS,
    date_clauses,
    group_clauses,
    mail_clauses,
    to_metadata,
)
from worker.index.opensearch.schema import Json
from worker.index.opensearch.text_queries import any_of, anywhere, best_page, in_name, on_page
from worker.index.query import Term, label
from worker.index.query_filters import Filters
from worker.index.search_index import FileSummary, SearchHit, SearchResult, SimilarHit, Tier, visible_score
from worker.index.search_plan import Plan, literal_ways
from worker.index.search_query import SearchQuery
from worker.models.ledger import State
from worker.models.page import TextSource

_GROUP_SCORE = 1_000
"""More than any score: what has more of the groups of a query comes first."""
_NAME_SCORE = 100
"""For a file whose whole name is what is asked for."""
_MAX_PAGES = 100
_MOST_LEAVES_BESIDE = 100
"""Beyond so many look-ups in one place the pages are asked for by themselves: together they are too many."""
_NO_FILE: Json = {"term": {"file_id": ""}}
_MAX_NAME_CHARS = 255
"""Of a file name; OpenSearch refuses a prefix of more than 1,000."""
_HIT_FIELDS = ("file_id", "file_name", "file_path")
SUMMARY = (*_HIT_FIELDS, "state", "reason", "page_count")
_TOMBSTONED: Json = {"term": {"state": State.TOMBSTONED.value}}
_BEST, _ALL = "best", "all"


def search_body(query: SearchQuery, plan: Plan, *, limit: int, offset: int, groups: Groups = None) -> Json:
    """The body of a text search for `limit` files after `offset`."""
    pages = query.filters.pages
    body: Json = {
        "filter": [*_filter_clauses(query.filters), *group_clauses(groups)],
        "must_not": [_TOMBSTONED, *_filter_clauses(query.without), *map(_literal, query.excluded)],
    }
    if plan.groups:
        body["must"] = [_needed(plan, pages)]
        body["should"] = [_whole_name(query)]
        if has_best_pages(plan):
            body["should"].append(_of_shown(_best_page(query, plan)))
    elif pages:
        body["filter"].append(best_page(_on_pages(pages)))
    return {
        "query": {"bool": body},
        "_source": [*SUMMARY, "bucket", "file_type", *HIT_FIELDS],
        # Of equal scores the newest file comes first, then the newest write; the last key keeps pages stable.
        "sort": [
            {"_score": "desc"},
            {"document_date": {"order": "desc", "missing": "_last"}},
            {"indexed_at": "desc"},
            {"file_id": "asc"},
        ],
        # Otherwise the total stops at 10,000.
        "track_total_hits": True,
        "size": limit,
        "from": offset,
    }


def has_best_pages(plan: Plan) -> bool:
    """Whether the files of a plan come with their best pages."""
    looked_up = sum(leaves(way) for group in plan.groups for way in group)
    return plan.tier is Tier.ALL and 0 < looked_up <= _MOST_LEAVES_BESIDE


def pages_body(
    query: SearchQuery, plan: Plan, file_ids: Sequence[str], *, has_best: bool, most_pages: int
) -> Json:
    """The body of a search for the pages of these files that match.

    Unless the best page is known (`has_best`) it is asked for with its text; where no file has more than one
    page (`most_pages`) it is all of them, for half of the work.
    """
    should = [] if has_best else [_best_page(query, plan)]
    if most_pages > 1:
        others = _matching_page(query, plan)
        others["nested"]["inner_hits"] = {
            "name": _ALL,
            "size": _MAX_PAGES,
            "_source": False,
            "docvalue_fields": ["pages.number"],
        }
        should.append(others)
    return {
        "query": {"bool": {"filter": [{"ids": {"values": list(file_ids)}}], "should": should}},
        "_source": False,
        "size": len(file_ids),
    }


def similar_body(vector: Sequence[float], *, limit: int, groups: Groups = None) -> Json:
    """The body of a search for the nearest image vectors."""
    nearest: Json = {"vector": list(vector), "k": limit}
    if clauses := group_clauses(groups):
        nearest["filter"] = {"bool": {"filter": clauses}}
    return {
        "query": {"knn": {"image_vector": nearest}},
        "_source": list(_HIT_FIELDS),
        "size": limit,
    }


def find_body(*, file_id: str, name: str, path: str, limit: int, groups: Groups = None) -> Json:
    """The body of a search by id, folded name or folded path."""
    keys = ({"file_id": file_id}, {"name_key": name}, {"path_key": path})
    return {
        "query": {
            "bool": {
                "should": [{"term": key} for key in keys],
                "minimum_should_match": 1,
                "filter": group_clauses(groups),
                "must_not": [_TOMBSTONED],
            }
        },
        "_source": [*SUMMARY, "path_key", "name_key"],
        "sort": [{"path_key": "asc"}],
        "size": limit,
    }


def pages_of(answer: Mapping[str, Any]) -> dict[str, Json]:
    """The pages that an answer has, by file."""
    return {hit["_id"]: hit.get("inner_hits", {}) for hit in answer["hits"]["hits"]}


def with_others(pages: Mapping[str, Json]) -> list[str]:
    """The files that have other pages than the best one."""
    return [
        file_id
        for file_id, inner in pages.items()
        if _BEST in inner and inner[_BEST]["hits"]["total"]["value"] > 1
    ]


def to_result(
    answer: Mapping[str, Any], pages: Mapping[str, Json], query: SearchQuery, plan: Plan
) -> SearchResult:
    """The hits of a text search, with the pages of each file."""
    hits = answer["hits"]
    return SearchResult(
        total=int(hits["total"]["value"]),
        hits=tuple(_hit(hit, pages.get(hit["_id"], {}), plan) for hit in hits["hits"]),
        tier=plan.tier,
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


def _needed(plan: Plan, pages: tuple[int, int] | None) -> Json:
    groups = [_group(group, pages) for group in plan.groups]
    if plan.needed == len(groups):
        return {"bool": {"must": groups}}
    counted = [
        {"bool": {"must": [group], "should": [{"match_all": {"boost": _GROUP_SCORE}}]}} for group in groups
    ]
    return {"bool": {"should": counted, "minimum_should_match": plan.needed}}


def _group(group: Group, pages: tuple[int, int] | None) -> Json:
    if pages is None:
        return anywhere(group)
    return best_page({"bool": {"must": [on_page([group])], "filter": [_on_pages(pages)]}})


def _literal(term: Term) -> Json:
    return anywhere(literal_ways(term))


def _matching_page(query: SearchQuery, plan: Plan) -> Json:
    matching = on_page(plan.groups)
    if query.filters.pages:
        matching = {"bool": {"must": [matching], "filter": [_on_pages(query.filters.pages)]}}
    return best_page(matching)


def _best_page(query: SearchQuery, plan: Plan) -> Json:
    best = _matching_page(query, plan)
    best["nested"]["inner_hits"] = {
        "name": _BEST,
        "size": 1,
        "_source": ["pages.number", "pages.text", "pages.source", "pages.member_path"],
    }
    return best


def _of_shown(pages: Json) -> Json:
    """A clause that no file meets, and that costs nothing: inner hits are those of the shown files alone."""
    return {"bool": {"filter": [_NO_FILE, pages]}}


def _whole_name(query: SearchQuery) -> Json:
    names = [name[:_MAX_NAME_CHARS] for name in query.whole_names]
    is_name = any_of(
        [
            {"terms": {"name_key": names}},
            *({"prefix": {"name_key": f"{name}."}} for name in names),
        ]
    )
    return {"constant_score": {"filter": is_name, "boost": _NAME_SCORE}}


def _filter_clauses(filters: Filters) -> list[Json]:
    """A clause for each kind of filter, but for the pages."""
    wanted = (("file_type", filters.types), ("language", filters.languages), ("state", filters.states))
    return [
        *({"terms": {field: list(values)}} for field, values in wanted if values),
        *(in_name(literal_ways(path)) for path in filters.paths),
        *date_clauses(filters),
        *mail_clauses(filters),
    ]


def _on_pages(pages: tuple[int, int]) -> Json:
    first, last = pages
    return {"range": {"pages.number": {"gte": first, "lte": last}}}


def _hit(hit: Mapping[str, Any], inner: Mapping[str, Any], plan: Plan) -> SearchHit:
    source = hit["_source"]
    best = inner[_BEST]["hits"]["hits"] if inner else []
    member_path = ""
    if best:
        page = best[0]["_source"]
        member_path = page.get("member_path") or ""
        number, text, is_ocr = int(page["number"]), page["text"], TextSource(page["source"]).has_ocr_text
    else:
        number, text, is_ocr = 0, label(source["file_name"], source["file_path"]), False
    return SearchHit(
        file_id=source["file_id"],
        file_name=source["file_name"],
        file_path=source["file_path"],
        page=number,
        matching_pages=_page_numbers(inner),
        member_path=member_path,
        snippet=snippet(text, plan.terms, is_ocr=is_ocr, has_slips=plan.tier is not Tier.ALL),
        score=visible_score(float(hit["_score"])),
        state=State(source.get("state", State.INDEXED)),
        reason=source.get("reason"),
        bucket=source["bucket"],
        file_type=source["file_type"],
        pages=int(source.get("page_count") or 0),
        metadata=to_metadata(source),
    )


def _page_numbers(inner: Mapping[str, Any]) -> tuple[int, ...]:
    """The pages that match, best first; a long one has several parts."""
    if not inner:
        return ()
    if _ALL not in inner:
        return tuple(int(page["_source"]["number"]) for page in inner[_BEST]["hits"]["hits"])
    return tuple(
        dict.fromkeys(int(page["fields"]["pages.number"][0]) for page in inner[_ALL]["hits"]["hits"])
    )

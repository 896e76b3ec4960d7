"""Request bodies and parsed responses (the ranking is tested on a real server)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worker.index.opensearch.queries import (
    find_body,
    pages_body,
    search_body,
    similar_body,
    to_result,
    to_similar,
)
from worker.index.search_index import SearchHit
from worker.index.search_plan import plans
from worker.index.search_query import parse_query

pytestmark = pytest.mark.unit

FILE = {
    "file_id": "f",
    "file_name": "報告.pdf",
    "file_path": "営業/報告.pdf",
    "bucket": "b",
    "file_type": "pdf",
}


def body_of(query: str, tier: int = 0, *, limit: int = 5, offset: int = 0) -> dict[str, Any]:
    asked = parse_query(query)
    body = search_body(asked, list(plans(asked, has_words=True))[tier], limit=limit, offset=offset)
    assert json.dumps(body)
    return body


def found(query: str, page: dict[str, Any] | None, *others: int) -> SearchHit:
    """The hit for a file with this best page, and others that match."""
    asked = parse_query(query)
    hit = {"_id": "f", "_score": 1.5, "_source": FILE}
    numbers = [page["number"], *others] if page else []
    inner = {
        "best": {"hits": {"hits": [{"_source": page}] if page else []}},
        "all": {"hits": {"hits": [{"fields": {"pages.number": [number]}} for number in numbers]}},
    }
    pages = {"hits": {"hits": [{"_id": "f", "inner_hits": inner}]}}
    (only,) = to_result(
        {"hits": {"total": {"value": 1}, "hits": [hit]}}, pages, asked, next(plans(asked, has_words=True))
    ).hits
    return only


def test_every_term_must_match_and_tombstones_are_hidden() -> None:
    body = body_of("営業 報告", offset=10)
    (needed,) = body["query"]["bool"]["must"]
    assert len(needed["bool"]["must"]) == 2
    assert body["query"]["bool"]["must_not"] == [{"term": {"state": "tombstoned"}}]
    assert (body["size"], body["from"], body["track_total_hits"]) == (5, 10, True)


def test_where_words_may_be_missing_more_of_them_count_most() -> None:
    (needed,) = body_of("営業 報告 請求", -1)["query"]["bool"]["must"]
    assert (len(needed["bool"]["should"]), needed["bool"]["minimum_should_match"]) == (3, 2)
    boosts = [group["bool"]["should"][0]["match_all"]["boost"] for group in needed["bool"]["should"]]
    assert boosts == [1_000] * 3


def test_only_the_pages_of_a_filter_are_asked_for() -> None:
    text = json.dumps(body_of("営業 page:2-3"))
    assert '{"gte": 2, "lte": 3}' in text
    assert "body_pairs" not in text
    assert "name_pairs" not in text


def test_pages_are_asked_for_of_the_files_that_are_shown() -> None:
    asked = parse_query("営業")
    body = pages_body(asked, next(plans(asked, has_words=True)), ["a", "b"])
    assert body["query"]["bool"]["filter"] == [{"ids": {"values": ["a", "b"]}}]
    assert (body["size"], body["_source"]) == (2, False)


def test_a_hit_names_its_page_and_has_the_common_snippet() -> None:
    hit = found("営業", {"number": 7, "text": "これは営業報告書です", "source": "file"}, 7, 3, 9)
    assert (hit.page, hit.matching_pages, hit.snippet, hit.score) == (
        7,
        (7, 3, 9),
        "これは[[営業]]報告書です",
        1.5,
    )


def test_another_form_of_a_word_is_marked() -> None:
    hit = found("読む", {"number": 1, "text": "本を読みました", "source": "ocr"})
    assert hit.snippet == "本を[[読み]]ました"


def test_a_hit_by_name_is_page_0_and_shows_the_path() -> None:
    hit = found("営業", None)
    assert (hit.page, hit.matching_pages, hit.snippet) == (0, (), "[[営業]]/報告.pdf")


@pytest.mark.parametrize(("score", "cosine"), [(1.0, 1.0), (0.5, 0.0), (0.0, -1.0), (1.0000001, 1.0)])
def test_lucenes_score_becomes_the_cosine(score: float, cosine: float) -> None:
    (hit,) = to_similar({"hits": {"hits": [{"_score": score, "_source": FILE}]}})
    assert hit.score == pytest.approx(cosine)


def test_as_many_neighbours_are_found_as_requested() -> None:
    body = similar_body((1.0, 2.0), limit=7)
    assert (body["size"], body["query"]["knn"]["image_vector"]["k"]) == (7, 7)


def test_a_file_is_found_by_id_name_or_path() -> None:
    body = find_body(file_id="f", name="n", path="p", limit=3)
    keys = [each["term"] for each in body["query"]["bool"]["should"]]
    assert keys == [{"file_id": "f"}, {"name_key": "n"}, {"path_key": "p"}]

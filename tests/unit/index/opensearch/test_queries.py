"""Request bodies and parsed responses (the ranking is tested on a real server)."""

from __future__ import annotations

from typing import Any

import pytest

from worker.index.opensearch.queries import find_body, search_body, similar_body, to_result, to_similar
from worker.index.search_index import Tier
from worker.index.search_query import parse_query

pytestmark = pytest.mark.unit

FILE = {
    "file_id": "f",
    "file_name": "報告.pdf",
    "file_path": "営業/報告.pdf",
    "bucket": "b",
    "file_type": "pdf",
}


def hit(page: dict[str, Any] | None = None) -> dict[str, Any]:
    pages = [] if page is None else [page]
    return {"_score": 1.5, "_source": FILE, "inner_hits": {"pages": {"hits": {"hits": pages}}}}


def answer(*hits: dict[str, Any], total: int = 1) -> dict[str, Any]:
    return {"hits": {"total": {"value": total}, "hits": list(hits)}}


def test_every_term_must_match_and_tombstones_are_hidden() -> None:
    body = search_body(parse_query("営業 報告"), Tier.ALL, limit=5, offset=10)
    (matches,) = body["query"]["bool"]["filter"]
    assert (len(matches["bool"]["should"]), matches["bool"]["minimum_should_match"]) == (2, 2)
    assert body["query"]["bool"]["must_not"] == [{"term": {"state": "tombstoned"}}]
    assert (body["size"], body["from"], body["track_total_hits"]) == (5, 10, True)


def test_a_term_with_an_inner_run_end_has_slop_in_bigrams_only() -> None:
    (matches,) = search_body(parse_query("契約2024年"), Tier.ALL, limit=1, offset=0)["query"]["bool"][
        "filter"
    ]
    ((group,),) = ([group["bool"]["should"] for group in matches["bool"]["should"]],)
    (term,) = group
    slops = {
        field: options["slop"]
        for phrase in term["bool"]["should"]
        for field, options in phrase["match_phrase"].items()
    }
    assert (slops["ocr_text"], slops["ocr_text.bigram"]) == (0, 1)


def test_a_hit_names_its_page_and_has_the_common_snippet() -> None:
    page = {"_source": {"number": 7, "text": "これは営業報告書です"}, "highlight": {"pages.text": ["other"]}}
    (found,) = to_result(answer(hit(page)), parse_query("営業"), Tier.ALL).hits
    assert (found.page, found.snippet, found.score) == (7, "これは[[営業]]報告書です", 1.5)


def test_a_match_of_kuromoji_alone_has_its_highlight() -> None:
    page = {
        "_source": {"number": 1, "text": "本を読みました"},
        "highlight": {"pages.text": ["本を[[読み]]ました"]},
    }
    (found,) = to_result(answer(hit(page)), parse_query("読む"), Tier.ALL).hits
    assert found.snippet == "本を[[読み]]ました"


def test_a_hit_by_name_is_page_0_and_shows_the_path() -> None:
    (found,) = to_result(answer(hit()), parse_query("営業"), Tier.ALL).hits
    assert (found.page, found.snippet) == (0, "[[営業]]/報告.pdf")


@pytest.mark.parametrize(("score", "cosine"), [(1.0, 1.0), (0.5, 0.0), (0.0, -1.0), (1.0000001, 1.0)])
def test_lucenes_score_becomes_the_cosine(score: float, cosine: float) -> None:
    (found,) = to_similar(answer({"_score": score, "_source": FILE}))
    assert found.score == pytest.approx(cosine)


def test_as_many_neighbours_are_found_as_requested() -> None:
    body = similar_body((1.0, 2.0), limit=7)
    assert (body["size"], body["query"]["knn"]["image_vector"]["k"]) == (7, 7)


def test_a_file_is_found_by_id_name_or_path() -> None:
    body = find_body(file_id="f", name="n", path="p", limit=3)
    keys = [each["term"] for each in body["query"]["bool"]["should"]]
    assert keys == [{"file_id": "f"}, {"name_key": "n"}, {"path_key": "p"}]

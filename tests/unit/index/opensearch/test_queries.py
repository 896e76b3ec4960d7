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


def found(query: str, page: dict[str, Any] | None, *others: int, is_only: bool = False) -> SearchHit:
    """The hit for a file with this best page, and others that match unless it has no other."""
    asked = parse_query(query)
    hit = {"_id": "f", "_score": 1.5, "_source": FILE}
    numbers = [page["number"], *others] if page else []
    inner = {
        "best": {"hits": {"hits": [{"_source": page}] if page else []}},
        "all": {"hits": {"hits": [{"fields": {"pages.number": [number]}} for number in numbers]}},
    }
    if is_only:
        del inner["all"]
    (only,) = to_result(
        {"hits": {"total": {"value": 1}, "hits": [hit]}},
        {"f": inner},
        asked,
        next(plans(asked, has_words=True)),
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
    body = pages_body(asked, next(plans(asked, has_words=True)), ["a", "b"], has_best=False, most_pages=3)
    assert body["query"]["bool"]["filter"] == [{"ids": {"values": ["a", "b"]}}]
    assert (body["size"], body["_source"]) == (2, False)


def test_other_pages_are_asked_for_where_the_best_one_is_known() -> None:
    asked = parse_query("営業")
    body = pages_body(asked, next(plans(asked, has_words=True)), ["a"], has_best=True, most_pages=3)
    (others,) = body["query"]["bool"]["should"]
    assert others["nested"]["inner_hits"]["name"] == "all"


def test_the_best_page_comes_with_its_file_by_a_clause_that_none_meets() -> None:
    (_, shown) = body_of("営業")["query"]["bool"]["should"]
    never, best = shown["bool"]["filter"]
    assert never == {"term": {"file_id": ""}}
    assert best["nested"]["inner_hits"]["name"] == "best"


MOST_LEAVES = 1_024


def look_ups(query: Any) -> int:
    """How many OpenSearch counts in a query: terms, phrases, each token of intervals, each similar word."""
    if isinstance(query, list):
        return sum(map(look_ups, query))
    if not isinstance(query, dict):
        return 0
    count = 0
    for name, value in query.items():
        match name:
            case "fuzzy":
                (options,) = value.values()
                count += int(options["max_expansions"])
            case "intervals":
                (options,) = value.values()
                matches = options["all_of"]["intervals"]
                count += sum(len(each["match"]["query"].split()) for each in matches)
            case "match_phrase_prefix":
                (options,) = value.values()
                count += len(options["query"].split())
            case "term" | "terms" | "match_phrase" | "prefix" | "range" | "match_all" | "ids" | "exists":
                count += 1
            case _:
                count += look_ups(value)
    return count


def kanji(number: int) -> str:
    return "".join(chr(0x4E00 + each) for each in range(number))


@pytest.mark.parametrize(
    ("query", "tier"),
    [
        ("営業部報告書", 1),
        ("の".join(["営業部", "報告書", "東京都", "契約書", "請求書", "会議室", "議事録", "見積書"] * 8), 0),
    ],
)
def test_a_search_with_many_look_ups_has_files_alone(query: str, tier: int) -> None:
    body = body_of(query, tier)
    assert len(body["query"]["bool"]["should"]) == 1


@pytest.mark.parametrize("has_words", [True, False])
@pytest.mark.parametrize(
    "query",
    [
        *(kanji(number) for number in (12, 13, 20, 22, 24, 999)),
        " ".join(kanji(660)[start : start + 22] for start in range(0, 660, 22)),
        " ".join(kanji(320)[start : start + 10] for start in range(0, 320, 10)),
        " ".join(f"{chr(97 + number % 26)}{chr(97 + number // 26)}resident" for number in range(32)),
        "、".join("営業部の第三四半期の報告書と2024年の請求書" + kanji(number) for number in range(1, 30)),
        "の".join(["営業部", "報告書", "東京都", "契約書", "請求書", "会議室", "議事録", "見積書"] * 8),
        " OR ".join(kanji(200)[start : start + 10] for start in range(0, 200, 10)),
        " ".join(f"-{kanji(200)[start : start + 10]}" for start in range(0, 200, 10)) + " 東京都の天気予報",
    ],
)
def test_no_query_asks_for_more_than_the_cluster_looks_up(query: str, has_words: bool) -> None:
    asked = parse_query(query)
    found = list(plans(asked, has_words=has_words))
    assert found
    for plan in found:
        assert look_ups(search_body(asked, plan, limit=5, offset=0)["query"]) <= MOST_LEAVES
        assert look_ups(pages_body(asked, plan, ["a"], has_best=False, most_pages=3)["query"]) <= MOST_LEAVES


def test_a_page_that_is_the_only_one_is_asked_for_once() -> None:
    asked = parse_query("営業")
    body = pages_body(asked, next(plans(asked, has_words=True)), ["a", "b"], has_best=False, most_pages=1)
    (best,) = body["query"]["bool"]["should"]
    assert best["nested"]["inner_hits"]["size"] == 1
    hit = found("営業", {"number": 1, "text": "営業", "source": "file"}, is_only=True)
    assert (hit.page, hit.matching_pages) == (1, (1,))


def test_only_the_pages_of_a_filter_are_shown() -> None:
    asked = parse_query("営業 page:2-3")
    should = pages_body(asked, next(plans(asked, has_words=True)), ["a"], has_best=False, most_pages=3)[
        "query"
    ]["bool"]["should"]
    filters = [each["nested"]["query"]["bool"]["filter"] for each in should]
    assert filters == [[{"range": {"pages.number": {"gte": 2, "lte": 3}}}]] * 2


def test_each_alternative_may_be_the_name_of_a_file() -> None:
    named, _ = body_of("覚書 OR 報告書")["query"]["bool"]["should"]
    exact, *beginnings = named["constant_score"]["filter"]["bool"]["should"]
    assert exact == {"terms": {"name_key": ["覚書", "報告書"]}}
    assert [each["prefix"]["name_key"] for each in beginnings] == ["覚書.", "報告書."]


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

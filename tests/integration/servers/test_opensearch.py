"""The OpenSearch of the tests analyses Japanese and finds near vectors like the real distribution."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

pytestmark = pytest.mark.integration


@pytest.fixture
def ask(opensearch_url: str) -> Any:
    def send(method: str, path: str, body: object) -> Any:
        response = requests.request(method, f"{opensearch_url}{path}", json=body, timeout=30)
        assert response.ok, response.text
        return response.json()

    return send


@pytest.fixture
def index(ask: Any) -> Iterator[str]:
    """The name of an index that is deleted after the test."""
    name = f"t-{uuid.uuid4().hex}"
    yield name
    ask("DELETE", f"/{name}", None)


@pytest.mark.parametrize(
    ("how", "text", "tokens"),
    [
        ({"tokenizer": "kuromoji_tokenizer"}, "営業報告書", ["営業", "報告", "書"]),
        ({"analyzer": "kuromoji"}, "書類を読みました", ["書類", "読む"]),
        ({"tokenizer": "kuromoji_tokenizer", "filter": ["kuromoji_baseform"]}, "飲み", ["飲む"]),
        ({"tokenizer": "kuromoji_tokenizer", "filter": ["kuromoji_readingform"]}, "寿司", ["スシ"]),
        ({"tokenizer": "kuromoji_tokenizer", "filter": ["kuromoji_stemmer"]}, "サーバー", ["サーバ"]),
        ({"tokenizer": "kuromoji_tokenizer", "filter": ["kuromoji_part_of_speech"]}, "机の上", ["机", "上"]),
        ({"tokenizer": "kuromoji_tokenizer", "filter": ["ja_stop"]}, "これは机", ["机"]),
        (
            {"tokenizer": "kuromoji_tokenizer", "char_filter": ["kuromoji_iteration_mark"]},
            "馬鹿々々しい",
            ["馬鹿馬鹿しい"],
        ),
        (
            {
                "tokenizer": {"type": "kuromoji_tokenizer", "discard_punctuation": False},
                "filter": ["kuromoji_number"],
            },
            "一億二千万円",
            ["120000000", "円"],
        ),
        (
            {
                "tokenizer": {
                    "type": "kuromoji_tokenizer",
                    "user_dictionary_rules": [
                        "東京スカイツリー,東京 スカイツリー,トウキョウ スカイツリー,名詞"
                    ],
                }
            },
            "東京スカイツリー",
            ["東京", "スカイツリー"],
        ),
        (
            {"tokenizer": {"type": "kuromoji_tokenizer", "mode": "normal"}},
            "関西国際空港",
            ["関西国際空港"],
        ),
        (
            {"tokenizer": {"type": "kuromoji_tokenizer", "discard_compound_token": True}},
            "関西国際空港",
            ["関西", "国際", "空港"],
        ),
    ],
)
def test_japanese_is_cut_into_words(ask: Any, how: dict[str, object], text: str, tokens: list[str]) -> None:
    found = ask("POST", "/_analyze", {**how, "text": text})["tokens"]
    assert [token["token"] for token in found] == tokens


def test_the_nearest_vector_is_found_first(ask: Any, index: str) -> None:
    vector = {
        "type": "knn_vector",
        "dimension": 3,
        "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"},
    }
    ask(
        "PUT",
        f"/{index}",
        {"settings": {"index.knn": True}, "mappings": {"properties": {"vector": vector}}},
    )
    for number, place in enumerate(([1, 0, 0], [0, 1, 0], [0, 0, 1])):
        ask("PUT", f"/{index}/_doc/{number}?refresh=true", {"vector": place})
    query = {"knn": {"vector": {"vector": [0.1, 0.9, 0.2], "k": 2}}}
    hits = ask("POST", f"/{index}/_search", {"query": query})["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["1", "2"]


def test_an_older_version_does_not_overwrite_a_newer_one(ask: Any, opensearch_url: str, index: str) -> None:
    ask("PUT", f"/{index}/_doc/1?version=2&version_type=external_gte", {"n": 2})
    stale = requests.put(
        f"{opensearch_url}/{index}/_doc/1?version=1&version_type=external_gte", json={"n": 1}, timeout=30
    )
    assert stale.status_code == requests.codes.conflict
    assert ask("GET", f"/{index}/_doc/1", None)["_source"] == {"n": 2}

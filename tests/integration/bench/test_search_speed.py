"""The documents for speed, and both measurements on few of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.search.large_office import COMMON_WORD, RARE_IN, RARE_WORDS, large_office, tier_one_queries
from bench.search.opened import open_opensearch, open_sqlite
from bench.search.search_rows import DOCUMENTS, search
from bench.search.speed import growth_figures, plain_match_figure
from tests.servers.catalogue import OPENSEARCH

pytestmark = pytest.mark.integration

COUNT = 300


def test_documents_have_two_kilobytes_and_words_of_known_frequency() -> None:
    documents = list(large_office(COUNT))
    texts = [document.pages[0].text for document in documents]
    assert len({document.file_id for document in documents}) == COUNT
    assert all(2_048 <= len(text.encode()) < 2_500 for text in texts)
    assert {sum(word in text for text in texts) for word in RARE_WORDS} == {RARE_IN}
    assert 0.2 < sum(COMMON_WORD in text for text in texts) / COUNT < 0.4


def test_tier_one_answers_the_queries_for_speed(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "index.sqlite3") as opened:
        opened.fill(large_office(COUNT))
        assert [query for query in tier_one_queries() if not opened.index.search(query).total] == []


def test_growth_is_measured_for_a_common_and_a_rare_word(tmp_path: Path) -> None:
    common, rare = growth_figures(tmp_path, COUNT)
    assert "common word" in common.what
    assert "rare word" in rare.what
    assert all(re.fullmatch(r"\d+\.\d x \(\d+\.\d ms / \d+\.\d ms\)", f.figure) for f in (common, rare))


def test_a_search_is_measured_against_a_plain_match(opensearch_url: str) -> None:
    figure = plain_match_figure(opensearch_url, COUNT)
    assert re.fullmatch(r"\d+\.\d x \(\d+ ms / \d+ ms\)", figure.figure)


def test_the_indices_are_removed_afterwards(opensearch_url: str) -> None:
    with open_opensearch(opensearch_url) as opened:
        assert opened.plain is not None
        opened.fill(large_office(COUNT))
        assert opened.plain.search(COMMON_WORD)["hits"]["hits"]
        client, alias = opened.plain.client, opened.plain.alias
        assert client.indices.exists_alias(name=alias)
    with open_opensearch(opensearch_url) as opened:
        assert opened.plain is not None
        assert not opened.plain.client.indices.exists_alias(name=alias)


def test_without_a_server_sqlite_is_measured_and_the_other_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DOCUMENTS, "0")
    monkeypatch.delenv(OPENSEARCH.variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))  # there is no Java
    figures = search(tmp_path)
    assert figures[0].figure == "SQLite 1.00"
    assert figures[-1].figure.startswith("not measured")

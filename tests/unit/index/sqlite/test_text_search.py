"""The SQL of a search: values are bound, never written into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from worker.index.search_plan import plans
from worker.index.search_query import parse_query
from worker.index.sqlite.text_search import Shown, statement

pytestmark = pytest.mark.unit


def sql_of(query: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The statement of each tier."""
    asked = parse_query(query)
    return [
        statement(asked, plan, lambda word, _: [word], Shown(limit=5))
        for plan in plans(asked, has_words=True)
    ]


@pytest.mark.parametrize(
    "query", ["営業 -報告 type:pdf path:部 lang:ja page:2", "type:pdf -報告", "state:partial"]
)
def test_nothing_of_a_query_stands_in_the_statement(query: str) -> None:
    for sql, values in sql_of(query):
        assert not {"営業", "報告", "部", "pdf", "jpn", "partial"} & set(sql.replace("'", " ").split())
        assert all(f":{name}" in sql for name in values if name.startswith("value_"))


def test_a_query_without_filters_looks_at_no_file_to_filter_it() -> None:
    assert not any("EXISTS" in sql for sql, _ in sql_of("営業 報告"))


def test_one_word_is_searched_once() -> None:
    assert "JOIN complete" not in sql_of("営業")[0][0]
    assert "JOIN complete" in sql_of("営業 報告")[0][0]

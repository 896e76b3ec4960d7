"""The SQL of a search: values are bound, never written into it."""

from __future__ import annotations

import pytest

from worker.index.search_index import Tier
from worker.index.search_query import parse_query
from worker.index.sqlite.text_search import statement

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "query", ["営業 -報告 type:pdf path:部 lang:ja page:2", "type:pdf -報告", "state:partial"]
)
def test_nothing_of_a_query_stands_in_the_statement(query: str) -> None:
    sql, values = statement(parse_query(query), Tier.ALL, limit=5, offset=0)
    assert not {"営業", "報告", "部", "pdf", "jpn", "partial"} & set(sql.replace("'", " ").split())
    assert all(f":{name}" in sql for name in values if name.startswith("value_"))


def test_a_query_without_filters_looks_at_no_file_to_filter_it() -> None:
    sql, _ = statement(parse_query("営業 報告"), Tier.ALL, limit=5, offset=0)
    assert "EXISTS" not in sql

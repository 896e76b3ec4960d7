"""The SQL of a search: values are bound, never written into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from worker.index.search_index import Tier
from worker.index.search_plan import Plan, plans
from worker.index.search_query import parse_query
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.index.sqlite.text_search import Shown, TextSearch, statement
from worker.models.document import Document

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


MakeDocument = Callable[..., Document]


def plan_of(query: str, tier: Tier) -> Plan:
    (found,) = (plan for plan in plans(parse_query(query), has_words=True) if plan.tier is tier)
    return found


def test_a_later_tier_whose_time_is_up_says_so(index: SqliteIndex, path: Path) -> None:
    """That no file has all of the query is known by then."""
    query = parse_query("quarterly maintenance")
    with closing(SqliteFile(path)) as file, file.read_transaction() as connection:
        search = TextSearch(connection, Shown(limit=5))
        assert search.run(query, plan_of("quarterly maintenance", Tier.NEAR)).total == 0
        assert search.missing == ""
        connection.set_progress_handler(lambda: 1, 1)
        for tier in (Tier.NEAR, Tier.MOST):
            found = search.run(query, plan_of("quarterly maintenance", tier))
            assert (found.total, found.hits, found.tier) == (0, (), tier)
        assert search.missing == "the index did not look through everything in time"
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            search.run(query, plan_of("quarterly maintenance", Tier.ALL))
        connection.set_progress_handler(None, 0)


def steps(path: Path, query: str) -> int:
    """How many steps of SQLite's machine a search takes."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    asked = parse_query(query)
    with closing(SqliteFile(path)) as file, file.read_transaction() as connection:
        connection.set_progress_handler(count, 1)
        assert TextSearch(connection, Shown(limit=1)).run(asked, plan_of(query, Tier.ALL)).total == 2
        connection.set_progress_handler(None, 0)
    return counted[0]


def test_a_filter_by_language_reads_no_pages(
    index: SqliteIndex, path: Path, make_document: MakeDocument
) -> None:
    for number in range(2):
        pages = ["契約"] + ["長い文章"] * 300 * number
        index.index_document(make_document(f"{number}.pdf", *pages), version=1)
    plain, by_language = steps(path, "契約 -state:partial"), steps(path, "契約 -lang:en")
    assert by_language < plain + 300

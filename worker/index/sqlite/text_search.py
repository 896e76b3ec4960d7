"""The text search of the SQLite index: one statement, built from the parts of a query.

A row id of `page_terms` holds file and page; page 0 is the row of the file's name and path.
"""

# ruff: noqa: S608 - what is put into a statement is our own; every value of a query is bound by name
from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from worker.index.query import Term, label, snippet
from worker.index.query_filters import Filters
from worker.index.search_index import SearchHit, SearchResult, Tier
from worker.index.search_query import SearchQuery
from worker.models.ledger import State

PAGE_BITS = 24
"""How many bits of a row id are the page; a file gets a new id with every write (AUTOINCREMENT)."""
NAME_ROW = 0
_LAST_PAGE = (1 << PAGE_BITS) - 1

_FILE, _PAGE = f"page_terms.rowid >> {PAGE_BITS}", f"page_terms.rowid & {_LAST_PAGE}"

_WORDS = f"""
WITH matched AS MATERIALIZED (
    SELECT {_FILE} AS file, {_PAGE} AS page, -bm25(page_terms) AS score
    FROM page_terms WHERE page_terms MATCH :any_term AND {_PAGE} BETWEEN :first_page AND :last_page
), complete AS (
    SELECT {_FILE} AS file
    FROM json_each(:groups) AS term_group JOIN page_terms ON page_terms MATCH term_group.value
    WHERE {_PAGE} BETWEEN :first_page AND :last_page
    GROUP BY 1 HAVING count(DISTINCT term_group.key) >= :needed
), ranked AS MATERIALIZED (
    SELECT file, page, iif(page, score, 0) + total(score) FILTER (WHERE NOT page) AS score,
        max((page > 0) * 1e9 + score)
    FROM matched WHERE (json_array_length(:groups) = 1 OR file IN complete){{conditions}} GROUP BY file
)
"""
# `ranked` has one row per file: its best page if any page matches, else the name row. With one max()
# SQLite takes the other columns from the row that has the maximum. A match of the name adds to the
# score. Each group must match somewhere in the file, so each is also queried on its own (`complete`).

_FILTERED = f"""
WITH ranked AS MATERIALIZED (
    SELECT id AS file, {NAME_ROW} AS page, 0.0 AS score FROM files WHERE {{conditions}}
)
"""
# Without words: the files that pass the filters, the newest write first.

_HITS = """
SELECT counted.files, hit.page, hit.score, files.file_id, files.file_name, files.file_path, files.state,
    files.reason, pages.text, pages.member_path
FROM (SELECT count(*) AS files FROM ranked) AS counted
LEFT JOIN (SELECT * FROM ranked ORDER BY score DESC, file {order} LIMIT :limit OFFSET :offset) AS hit
LEFT JOIN files ON files.id = hit.file
LEFT JOIN pages ON pages.file = hit.file AND pages.number = hit.page
ORDER BY hit.score DESC, hit.file {order}
"""
_LANGUAGE = (
    "coalesce((SELECT language FROM pages WHERE pages.file = files.id AND language IS NOT NULL "
    "GROUP BY language ORDER BY sum(length(text)) DESC LIMIT 1), '')"
)
"""The language most of the text is in, as `Document.language` has it; empty where there is none."""


def search_rows(
    connection: sqlite3.Connection, query: SearchQuery, tier: Tier, *, limit: int, offset: int
) -> SearchResult:
    """The files that meet the query as far as the tier asks, all its filters, and no exclusion."""
    groups, _ = query.groups(tier)
    rows = connection.execute(*statement(query, tier, limit=limit, offset=offset)).fetchall()
    terms = tuple(term for group in groups for term in group)
    hits = tuple(_hit(row, terms) for row in rows if row["file_id"] is not None)
    return SearchResult(total=rows[0]["files"], hits=hits, tier=tier, notes=query.notes)


def statement(query: SearchQuery, tier: Tier, *, limit: int, offset: int) -> tuple[str, Mapping[str, Any]]:
    """The SQL of a search, and its values."""
    groups, needed = query.groups(tier)
    first_page, last_page = query.filters.pages or (NAME_ROW, _LAST_PAGE)
    values = _Values(
        groups=json.dumps([_any_of(group) for group in groups]),
        any_term=" OR ".join(_any_of(group) for group in groups),
        needed=needed,
        first_page=first_page,
        last_page=last_page,
        limit=max(0, limit),
        offset=max(0, offset),
    )
    filters = " AND ".join(_file_conditions(query, values))
    if not groups:
        return _FILTERED.format(conditions=filters) + _HITS.format(order="DESC"), values
    conditions = ""
    if filters:  # looked up for each match: most queries have none
        conditions += f" AND EXISTS (SELECT 1 FROM files WHERE id = file AND {filters})"
    if query.excluded:
        conditions += f" AND file NOT IN ({_files_with(values.bind(_any_of(query.excluded)))})"
    return _WORDS.format(conditions=conditions) + _HITS.format(order="ASC"), values


class _Values(dict[str, Any]):
    """The named values of a statement."""

    def bind(self, value: object) -> str:
        """The place of a value in the statement."""
        name = f"value_{len(self)}"
        self[name] = value
        return f":{name}"


def _file_conditions(query: SearchQuery, values: _Values) -> list[str]:
    """What the row of a file must be; without words also that it is no tombstone, which has no words."""
    conditions = _filters(query.filters, values)
    if refused := _filters(query.without, values):
        conditions.append(f"NOT ({' OR '.join(refused)})")
    if not query.required:
        conditions.append(f"state != {values.bind(State.TOMBSTONED.value)}")
        if query.excluded:
            conditions.append(f"id NOT IN ({_files_with(values.bind(_any_of(query.excluded)))})")
        if query.filters.pages:
            first, last = map(values.bind, query.filters.pages)
            conditions.append(f"id IN (SELECT file FROM pages WHERE number BETWEEN {first} AND {last})")
    return conditions


def _filters(filters: Filters, values: _Values) -> list[str]:
    """A condition on `files` for each kind of filter."""
    columns = (("file_type", filters.types), (_LANGUAGE, filters.languages), ("state", filters.states))
    conditions = [
        f"{column} IN (SELECT value FROM json_each({values.bind(json.dumps(wanted))}))"
        for column, wanted in columns
        if wanted
    ]
    for path in filters.paths:
        named = _files_with(values.bind(_expression(path)), f"AND {_PAGE} = {NAME_ROW}")
        conditions.append(f"id IN ({named})")
    return conditions


def _files_with(expression: str, condition: str = "") -> str:
    return f"SELECT {_FILE} FROM page_terms WHERE page_terms MATCH {expression} {condition}"


def _any_of(terms: Sequence[Term]) -> str:
    return " OR ".join(map(_expression, terms))


def _expression(term: Term) -> str:
    """The term in FTS5's query syntax; it has only word characters, so nothing needs escaping."""
    phrase = " ".join(term.phrase)
    return f'"{phrase}" *' if term.prefix else f'"{phrase}"'


def _hit(row: sqlite3.Row, terms: tuple[Term, ...]) -> SearchHit:
    text = row["text"] if row["page"] != NAME_ROW else label(row["file_name"], row["file_path"])
    return SearchHit(
        file_id=row["file_id"],
        file_name=row["file_name"],
        file_path=row["file_path"],
        page=row["page"],
        snippet=snippet(text, terms),
        score=row["score"],
        state=State(row["state"]),
        reason=row["reason"],
        member_path=row["member_path"] or "",
    )

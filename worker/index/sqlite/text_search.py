"""The text search of the SQLite index: one statement, built from the parts of a query.

A row id of `page_terms` holds file and page; page 0 is the row of the file's name and path.
"""

# ruff: noqa: S608 - what is put into a statement is our own; every value of a query is bound by name
from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from worker.index.file_facts import MAX_COPIES, Groups, count_facets
from worker.index.query import Term, label, snippet
from worker.index.query_filters import Filters
from worker.index.search_index import SearchHit, SearchResult, Tier
from worker.index.search_query import SearchQuery
from worker.index.sqlite.metadata_columns import (
    FACET_COLUMNS,
    date_condition,
    group_condition,
    groups_value,
    load_metadata,
)
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
, folded AS MATERIALIZED (
    SELECT ranked.file, ranked.page, ranked.score, copy, dated,
        row_number() OVER (
            PARTITION BY copy ORDER BY ranked.score DESC, dated DESC, ranked.file {order}
        ) AS place
    FROM ranked JOIN file_facts ON file_facts.file = ranked.file
), copies AS MATERIALIZED (
    SELECT copy, files.file_path FROM folded JOIN files ON files.id = folded.file WHERE place > 1
)
SELECT counted.files, hit.*, files.file_id, files.bucket, files.file_name, files.file_path, files.file_type,
    files.state, files.reason, pages.text,
    (SELECT count(*) FROM pages AS all_pages WHERE all_pages.file = hit.file) AS page_count,
    (SELECT json_group_array(file_path) FROM (
        SELECT file_path FROM copies WHERE copies.copy = hit.copy ORDER BY file_path LIMIT :copies
    )) AS also_at
FROM (SELECT count(*) AS files FROM folded WHERE place = 1) AS counted
LEFT JOIN (
    SELECT * FROM folded WHERE place = 1 ORDER BY score DESC, dated DESC, file {order}
    LIMIT :limit OFFSET :offset
) AS hit
LEFT JOIN files ON files.id = hit.file
LEFT JOIN pages ON pages.file = hit.file AND pages.number = hit.page
ORDER BY hit.score DESC, hit.dated DESC, hit.file {order}
"""
# `folded` has the files of one content in order: the first is the hit, the others are where it is also.

_FACETS = f"""
SELECT {FACET_COLUMNS}, count(*) FROM ranked JOIN file_facts ON file_facts.file = ranked.file
GROUP BY 1, 2, 3, 4, 5
"""
_LANGUAGE = (
    "coalesce((SELECT language FROM pages WHERE pages.file = files.id AND language IS NOT NULL "
    "GROUP BY language ORDER BY sum(length(text)) DESC LIMIT 1), '')"
)
"""The language most of the text is in, as `Document.language` has it; empty where there is none."""


def search_rows(
    connection: sqlite3.Connection,
    query: SearchQuery,
    tier: Tier,
    *,
    limit: int,
    offset: int,
    groups: Groups = None,
) -> SearchResult:
    """The files that meet the query as far as the tier asks, all its filters, and no exclusion."""
    wanted, _ = query.groups(tier)
    rows = connection.execute(*statement(query, tier, limit=limit, offset=offset, groups=groups)).fetchall()
    terms = tuple(term for group in wanted for term in group)
    hits = tuple(_hit(connection, row, terms) for row in rows if row["file_id"] is not None)
    return SearchResult(total=rows[0]["files"], hits=hits, tier=tier, notes=query.notes)


def facet_rows(
    connection: sqlite3.Connection, query: SearchQuery, tier: Tier, *, groups: Groups = None
) -> dict[str, dict[str, int]]:
    """How many files that meet the query have each value of each facet."""
    ranked, values = _ranked(query, tier, groups)
    rows = connection.execute(ranked + _FACETS, values)
    return count_facets((tuple(row)[:-1], row[-1]) for row in rows)


def statement(
    query: SearchQuery, tier: Tier, *, limit: int, offset: int, groups: Groups = None
) -> tuple[str, Mapping[str, Any]]:
    """The SQL of a search, and its values."""
    ranked, values = _ranked(query, tier, groups)
    values.update(limit=max(0, limit), offset=max(0, offset), copies=MAX_COPIES)
    return ranked + _HITS.format(order="ASC" if query.groups(tier)[0] else "DESC"), values


def _ranked(query: SearchQuery, tier: Tier, groups: Groups) -> tuple[str, _Values]:
    """The SQL of the files that match, each with its best page, and its values."""
    wanted, needed = query.groups(tier)
    first_page, last_page = query.filters.pages or (NAME_ROW, _LAST_PAGE)
    values = _Values(
        groups=json.dumps([_any_of(group) for group in wanted]),
        any_term=" OR ".join(_any_of(group) for group in wanted),
        needed=needed,
        first_page=first_page,
        last_page=last_page,
    )
    conditions = _file_conditions(query, values)
    if groups is not None:
        conditions.append(group_condition("files.id", values.bind(groups_value(groups))))
    filters = " AND ".join(conditions)
    if not wanted:
        return _FILTERED.format(conditions=filters), values
    tests = ""
    if filters:  # looked up for each match: most queries have none
        tests += f" AND EXISTS (SELECT 1 FROM files WHERE id = file AND {filters})"
    if query.excluded:
        tests += f" AND file NOT IN ({_files_with(values.bind(_any_of(query.excluded)))})"
    return _WORDS.format(conditions=tests), values


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
    bounds = ((">=", filters.after), ("<", filters.before))
    times = [(operator, values.bind(time)) for operator, time in bounds if time]
    return [*conditions, date_condition("files.id", times)] if times else conditions


def _files_with(expression: str, condition: str = "") -> str:
    return f"SELECT {_FILE} FROM page_terms WHERE page_terms MATCH {expression} {condition}"


def _any_of(terms: Sequence[Term]) -> str:
    return " OR ".join(map(_expression, terms))


def _expression(term: Term) -> str:
    """The term in FTS5's query syntax; it has only word characters, so nothing needs escaping."""
    phrase = " ".join(term.phrase)
    return f'"{phrase}" *' if term.prefix else f'"{phrase}"'


def _hit(connection: sqlite3.Connection, row: sqlite3.Row, terms: tuple[Term, ...]) -> SearchHit:
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
        bucket=row["bucket"],
        file_type=row["file_type"],
        pages=row["page_count"],
        metadata=load_metadata(connection, row["file"]),
        also_at=tuple(json.loads(row["also_at"])),
    )

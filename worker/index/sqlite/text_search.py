"""The text search of the SQLite index: one statement, built from the parts of a query.

A row id of `page_terms` holds file and page; page 0 is the row of the file's name and path.
"""

# ruff: noqa: S608 - what is put into a statement is our own; every value of a query is bound by name
from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.index.analysis.snippets import snippet
from worker.index.file_facts import MAX_COPIES, Groups, count_facets
from worker.index.query import Term, label
from worker.index.query_filters import Filters
from worker.index.search_index import SearchHit, SearchResult, Tier, visible_score
from worker.index.search_plan import WEIGHTS, Plan, literal_ways
from worker.index.search_query import SearchQuery
from worker.index.sqlite.expressions import Similar, group_expression
from worker.index.sqlite.metadata_columns import (
    FACET_COLUMNS,
    date_condition,
    group_condition,
    groups_value,
    load_metadata,
    mail_condition,
)
from worker.index.sqlite.similar_words import SimilarWords
from worker.index.sqlite.term_rows import NAME_ROW, PAGE_BITS, STREAMS
from worker.models.ledger import State
from worker.models.page import TextSource

_LAST_PAGE = (1 << PAGE_BITS) - 1
_MAX_PAGES = 100

_FILE, _PAGE = f"page_terms.rowid >> {PAGE_BITS}", f"page_terms.rowid & {_LAST_PAGE}"

_GROUP_SCORE = 1_000
"""More than any score: what has more of the groups of a query comes first."""
_NAME_SCORE = 100
"""For a file whose whole name is what is asked for."""

_WORDS = f"""
WITH named AS MATERIALIZED (
    SELECT files.id FROM json_each(:names) AS wanted JOIN files ON folded_name = wanted.value
        OR (folded_name > wanted.value || '.' AND folded_name < wanted.value || '/')
), matched AS MATERIALIZED (
    SELECT {_FILE} AS file, {_PAGE} AS page,
        -bm25(page_terms, {", ".join(str(WEIGHTS[stream]) for stream in STREAMS)}) AS score
    FROM page_terms WHERE page_terms MATCH :any_term AND {_PAGE} BETWEEN :first_page AND :last_page
), complete AS (
    SELECT {_FILE} AS file, count(DISTINCT term_group.key) AS met
    FROM json_each(:groups) AS term_group JOIN page_terms ON page_terms MATCH term_group.value
    WHERE {_PAGE} BETWEEN :first_page AND :last_page
    GROUP BY 1 HAVING met >= :needed
), ranked AS MATERIALIZED (
    SELECT file, page, iif(page, score, 0) + total(score) FILTER (WHERE NOT page)
        + (file IN named) * {_NAME_SCORE} {{met}} AS score,
        max((page > 0) * 1e9 + score)
    FROM matched {{complete}} WHERE TRUE {{conditions}} GROUP BY file
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
            PARTITION BY copy ORDER BY ranked.score DESC, dated DESC, ranked.file DESC
        ) AS place
    FROM ranked JOIN file_facts ON file_facts.file = ranked.file
), copies AS MATERIALIZED (
    SELECT copy, files.file_path FROM folded JOIN files ON files.id = folded.file WHERE place > 1
)
SELECT counted.files, hit.*, files.file_id, files.bucket, files.file_name, files.file_path, files.file_type,
    files.state, files.reason, pages.text, pages.source, pages.member_path, {pages} AS matching,
    (SELECT count(*) FROM pages AS all_pages WHERE all_pages.file = hit.file) AS page_count,
    (SELECT json_group_array(file_path) FROM (
        SELECT file_path FROM copies WHERE copies.copy = hit.copy ORDER BY file_path LIMIT :copies
    )) AS also_at
FROM (SELECT count(*) AS files FROM folded WHERE place = 1) AS counted
LEFT JOIN (
    SELECT * FROM folded WHERE place = 1 ORDER BY score DESC, dated DESC, file DESC
    LIMIT :limit OFFSET :offset
) AS hit
LEFT JOIN files ON files.id = hit.file
LEFT JOIN pages ON pages.file = hit.file AND pages.number = hit.page
ORDER BY hit.score DESC, hit.dated DESC, hit.file DESC
"""
# `folded` has the files of one content in order: the first is the hit, the others are where it is also.

_FACETS = f"""
SELECT {FACET_COLUMNS}, count(*) FROM ranked JOIN file_facts ON file_facts.file = ranked.file
GROUP BY 1, 2, 3, 4, 5
"""
_PAGES = f"""(
    SELECT json_group_array(page) FROM (
        SELECT page FROM matched WHERE matched.file = hit.file AND page != {NAME_ROW}
        ORDER BY score DESC LIMIT {_MAX_PAGES}
    )
)"""
_LANGUAGE = "coalesce((SELECT language FROM file_facts WHERE file = files.id), '')"
"""The language most of the text is in; empty where there is none."""
_LATE = "the index did not look through everything in time"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Which hits are shown, whose files are searched, and whether they are counted by facet."""

    limit: int
    offset: int = 0
    groups: Groups = None
    facets: bool = False


class TextSearch:
    """One search, tier by tier; `missing` says afterwards why a tier has not looked through everything."""

    def __init__(self, connection: sqlite3.Connection, shown: Shown) -> None:
        self._connection, self._shown = connection, shown
        self._similar = SimilarWords(connection)
        self.missing = ""

    def run(self, query: SearchQuery, plan: Plan) -> SearchResult:
        """The files that meet the plan; nothing of a later tier whose time is up."""
        try:
            return search_rows(self._connection, query, plan, self._similar, shown=self._shown)
        except sqlite3.OperationalError as error:
            # That no file has all of it is an answer, too.
            if plan.tier is Tier.ALL or error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            self.missing = _LATE
            return SearchResult(total=0, hits=(), tier=plan.tier, notes=query.notes)


def search_rows(
    connection: sqlite3.Connection, query: SearchQuery, plan: Plan, similar: Similar, *, shown: Shown
) -> SearchResult:
    """The files that meet the plan, all filters of the query, and no exclusion."""
    found = ranking(query, plan, similar, shown.groups)
    rows = connection.execute(*_with_hits(*found, plan, shown)).fetchall()
    total = rows[0]["files"]
    counts: Iterable[sqlite3.Row] = ()
    if shown.facets and total:
        ranked, values = found
        counts = connection.execute(ranked + _FACETS, values)
    return SearchResult(
        total=total,
        hits=tuple(_hit(connection, row, plan) for row in rows if row["file_id"] is not None),
        tier=plan.tier,
        notes=query.notes,
        facets=count_facets((tuple(row)[:-1], row[-1]) for row in counts) if shown.facets and total else {},
    )


def statement(
    query: SearchQuery, plan: Plan, similar: Similar, shown: Shown
) -> tuple[str, Mapping[str, Any]]:
    """The SQL of a search, and its values."""
    return _with_hits(*ranking(query, plan, similar, shown.groups), plan, shown)


def _with_hits(
    ranked: str, values: Mapping[str, Any], plan: Plan, shown: Shown
) -> tuple[str, Mapping[str, Any]]:
    page = {"limit": max(0, shown.limit), "offset": max(0, shown.offset), "copies": MAX_COPIES}
    pages = _PAGES if plan.groups else "'[]'"
    return ranked + _HITS.format(pages=pages), {**values, **page}


def ranking(
    query: SearchQuery, plan: Plan, similar: Similar, groups: Groups = None
) -> tuple[str, Mapping[str, Any]]:
    """The SQL of the files that match, each with its best page, and its values."""
    expressions = [group_expression(group, similar) for group in plan.groups]
    first_page, last_page = query.filters.pages or (NAME_ROW, _LAST_PAGE)
    values = _Values(
        groups=json.dumps(expressions),
        any_term=" OR ".join(expressions),
        needed=plan.needed,
        names=json.dumps(query.whole_names),
        first_page=first_page,
        last_page=last_page,
    )
    conditions = _file_conditions(query, values)
    if groups is not None:
        conditions.append(group_condition("files.id", values.bind(groups_value(groups))))
    filters = " AND ".join(conditions)
    if not expressions:
        return _FILTERED.format(conditions=filters), values
    tests = ""
    if filters:  # looked up for each match: most queries have none
        tests += f" AND EXISTS (SELECT 1 FROM files WHERE id = file AND {filters})"
    if query.excluded:
        tests += f" AND file NOT IN ({_files_with(values.bind(_literal(query.excluded)))})"
    met = f"+ met * {_GROUP_SCORE}" if plan.needed < len(expressions) else ""
    complete = "JOIN complete USING (file)" if len(expressions) > 1 else ""
    return _WORDS.format(conditions=tests, met=met, complete=complete), values


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
            conditions.append(f"id NOT IN ({_files_with(values.bind(_literal(query.excluded)))})")
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
        named = _files_with(values.bind(_literal([path])), f"AND {_PAGE} = {NAME_ROW}")
        conditions.append(f"id IN ({named})")
    bounds = ((">=", filters.after), ("<", filters.before))
    times = (date_condition("files.id", operator, values.bind(time)) for operator, time in bounds if time)
    headers = (
        ("folded_sender", filters.senders),
        ("folded_recipients", filters.recipients),
        ("folded_subject", filters.subjects),
    )
    parts = (
        mail_condition("files.id", name, values.bind(part)) for name, all_of in headers for part in all_of
    )
    return [*conditions, *times, *parts]


def _files_with(expression: str, condition: str = "") -> str:
    return f"SELECT {_FILE} FROM page_terms WHERE page_terms MATCH {expression} {condition}"


def _literal(terms: Sequence[Term]) -> str:
    return " OR ".join(group_expression(literal_ways(term), lambda *_: ()) for term in terms)


def _hit(connection: sqlite3.Connection, row: sqlite3.Row, plan: Plan) -> SearchHit:
    is_name = row["page"] == NAME_ROW
    text = label(row["file_name"], row["file_path"]) if is_name else row["text"]
    is_ocr = not is_name and TextSource(row["source"]).has_ocr_text
    return SearchHit(
        file_id=row["file_id"],
        file_name=row["file_name"],
        file_path=row["file_path"],
        page=row["page"],
        matching_pages=tuple(json.loads(row["matching"])),
        snippet=snippet(text, plan.terms, is_ocr=is_ocr, has_slips=plan.tier is not Tier.ALL),
        score=visible_score(row["score"]),
        state=State(row["state"]),
        reason=row["reason"],
        bucket=row["bucket"],
        file_type=row["file_type"],
        pages=row["page_count"],
        metadata=load_metadata(connection, row["file"]),
        also_at=tuple(json.loads(row["also_at"])),
        member_path=row["member_path"] or "",
    )

"""SqliteIndex: the search index in one SQLite file, with FTS5 and exact vector search.

The text is stored unchanged; the full-text table has only its streams (see analysis), one row per page and
one for name and path.
"""

# ruff: noqa: S608 - what is put into a statement is our own; every value is bound
from __future__ import annotations

import heapq
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from worker.errors import LeaseLostError, UnavailableError
from worker.index.analysis.characters import replace_surrogates
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.file_facts import Groups
from worker.index.query import fold, fold_path, rank
from worker.index.search_index import (
    FileSummary,
    IndexEntry,
    SearchResult,
    SimilarHit,
    tombstone_document,
)
from worker.index.search_plan import search_tiers
from worker.index.sqlite.document_rows import (
    FLOAT,
    insert_document,
    load_document,
    stored_bytes,
    to_entry,
)
from worker.index.sqlite.group_commit import GroupCommit, Write
from worker.index.sqlite.metadata_columns import group_condition, groups_value
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.index.sqlite.term_rows import TermRow, delete_terms, insert_terms, term_rows
from worker.index.sqlite.text_search import Shown, TextSearch
from worker.models.document import Document
from worker.models.ledger import State
from worker.runtime import tally

if TYPE_CHECKING:
    import numpy as np

_VECTOR_BATCH = 1024
SEARCH_S = 5.0
"""Longer nobody waits for an answer; and no document is written meanwhile."""

_FIND = f"""
SELECT *, (SELECT count(*) FROM pages WHERE file = files.id) AS pages FROM files
WHERE state != ?1 AND (file_id = ?2 OR folded_name = ?3 OR folded_path = ?4)
    AND {group_condition("files.id", "?5")}
ORDER BY file_path
"""

_DOCUMENT = f"SELECT * FROM files WHERE file_id = ?1 AND state != ?2 AND {group_condition('files.id', '?3')}"
_VECTORS = f"""
SELECT file, floats FROM image_vectors WHERE length(floats) = ?1
    AND {group_condition("image_vectors.file", "?2")}
"""

_ENTRIES = """
SELECT file_id, version, state, bucket, key, content_hash FROM files
WHERE file_id > ? AND bucket = ? AND state != ? ORDER BY file_id LIMIT ?
"""


class SqliteIndex:
    """The SearchIndex in the SQLite file at `path`; processes and threads may share the file."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        self._path = path
        with self._file.read_transaction() as connection:
            self._analysis = read_analysis(connection)
        self._commits = GroupCommit(self._file)

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:  # noqa: ARG002
        """See SearchIndex; a commit is searchable at once, so `refresh` changes nothing."""
        self._commits.run(self._write_of(document, version))
        tally.set_stored("index", stored_bytes(document))

    def tombstone(self, file_id: str, *, version: int, refresh: bool = False) -> None:  # noqa: ARG002
        """See SearchIndex; `refresh` changes nothing."""
        self.index_document(tombstone_document(file_id), version=version)

    def renew_terms(self, on_file: Callable[[], object]) -> int:
        """Make the terms anew where an earlier version made them; of how many files, 0 where none did.

        What `on_file` raises leaves all as it was.
        """
        if not self._analysis.is_behind(OWN_ANALYSIS):
            return 0
        files = self._file.rebuild(lambda _: on_file())
        with self._file.read_transaction() as connection:
            self._analysis = read_analysis(connection)
        return files

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, groups: Groups = None, facets: bool = False
    ) -> SearchResult:
        """See SearchIndex; the score is BM25, higher is better."""
        shown = Shown(limit=limit, offset=offset, groups=groups, facets=facets)
        with self._file.read_transaction(within_s=SEARCH_S) as connection:
            has_words, search = read_analysis(connection).has_words, TextSearch(connection, shown)
            return replace(search_tiers(query, search.run, has_words=has_words), missing=search.missing)

    def similar(self, vector: Sequence[float], *, limit: int = 5, groups: Groups = None) -> list[SimilarHit]:
        """See SearchIndex; exact, every image vector is compared."""
        import numpy as np  # noqa: PLC0415 - a search for words needs none, and it takes 0.2 s to import

        query = np.asarray(vector, dtype=FLOAT)
        best: list[tuple[float, int]] = []
        with self._file.read_transaction() as connection:
            for files, scores in _cosines(connection, query, groups):
                pairs = zip(scores.tolist(), files, strict=True)
                # Only the best are kept, so memory does not grow with the index; ties go to the older file.
                best = heapq.nlargest(limit, chain(best, pairs), key=lambda pair: (pair[0], -pair[1]))
            return [_similar_hit(connection, file, score) for score, file in best]

    def document(self, file_id: str, *, groups: Groups = None) -> Document | None:
        """See SearchIndex."""
        with self._file.read_transaction() as connection:
            row = connection.execute(_DOCUMENT, (file_id, State.TOMBSTONED, groups_value(groups))).fetchone()
            return None if row is None else load_document(connection, row)

    def find(self, name_or_path: str, *, groups: Groups = None) -> list[FileSummary]:
        """See SearchIndex."""
        file_id, path = replace_surrogates(name_or_path), fold_path(name_or_path)
        name = fold(re.split(r"[/\\]", name_or_path)[-1])
        with self._file.read_transaction() as connection:
            asked = (State.TOMBSTONED, file_id, name, path, groups_value(groups))
            rows = connection.execute(_FIND, asked).fetchall()
        ranked = [
            (rank(row["file_id"] == file_id, row["folded_name"], row["folded_path"], path), row)
            for row in rows
        ]
        best = min((rank for rank, _ in ranked if rank is not None), default=None)
        return [_summary(row) for rank, row in ranked if rank is not None and rank == best]

    def entries(self, bucket: str, *, after: str = "", limit: int = 1_000) -> list[IndexEntry]:
        """See SearchIndex."""
        with self._file.read_transaction() as connection:
            rows = connection.execute(_ENTRIES, (after, bucket, State.TOMBSTONED, limit)).fetchall()
        return [to_entry(row) for row in rows]

    def entry(self, file_id: str) -> IndexEntry | None:
        """See SearchIndex."""
        with self._file.read_transaction() as connection:
            row = connection.execute("SELECT * FROM files WHERE file_id = ?", (file_id,)).fetchone()
        return None if row is None else to_entry(row)

    def purge(self, file_id: str, *, version: int) -> bool:
        """See SearchIndex."""
        with self._file.write_transaction() as connection:
            connection.execute(
                "DELETE FROM files WHERE file_id = ? AND state = ? AND version <= ?",
                (file_id, State.TOMBSTONED, version),
            )
            left = connection.execute("SELECT 1 FROM files WHERE file_id = ?", (file_id,)).fetchone()
        return left is None

    def close(self) -> None:
        """See SearchIndex."""
        self._file.close()

    def _write_of(self, document: Document, version: int) -> Write:
        """What replaces the document of a file; all terms are made here, before the transaction."""
        if not self._analysis.is_writable(OWN_ANALYSIS):
            # It may have been re-indexed since.
            with self._file.read_transaction() as connection:
                self._analysis = read_analysis(connection)
        # Another thread may notice a re-index meanwhile.
        analysis = self._analysis
        analysis.check_writable(str(self._path))
        pages = ((page.number, page.text, page.source) for page in document.pages)
        is_hidden = document.state is State.TOMBSTONED
        name, path = document.file_name, document.file_path
        terms = [] if is_hidden else term_rows(name, path, pages, has_words=analysis.has_words)
        old = self._read_old(document.file_id, analysis)

        def write(connection: sqlite3.Connection) -> None:
            self._check_analysis(connection, analysis)
            _remove(connection, document.file_id, version, old, analysis)
            insert_terms(connection, insert_document(connection, document, version), terms)

        return write

    def _check_analysis(self, connection: sqlite3.Connection, made_with: AnalysisVersion) -> None:
        """Raise UnavailableError where the file was re-indexed since the terms were made."""
        self._analysis = read_analysis(connection)
        if self._analysis != made_with:
            raise UnavailableError(
                f"The index {self._path} was re-indexed just now with text analysis {self._analysis}; "
                "try again"
            )

    def _read_old(self, file_id: str, analysis: AnalysisVersion) -> _OldTerms | None:
        """The terms by which the document of a file that is there now can be removed."""
        with self._file.read_transaction() as connection:
            row = connection.execute("SELECT * FROM files WHERE file_id = ?", (file_id,)).fetchone()
            if row is None or row["state"] == State.TOMBSTONED:
                return None
            pages = _read_pages(connection, row["id"])
        return _OldTerms(file=row["id"], rows=_terms_of(row, pages, analysis))


@dataclass(frozen=True, kw_only=True, slots=True)
class _OldTerms:
    """Those of the document whose row in `files` has this id; one that is written again has another."""

    file: int
    rows: list[TermRow]


def _remove(
    connection: sqlite3.Connection,
    file_id: str,
    version: int,
    old: _OldTerms | None,
    analysis: AnalysisVersion,
) -> None:
    """Delete the rows of a file. Raises LeaseLostError where they have a higher version."""
    row = connection.execute("SELECT * FROM files WHERE file_id = ?", (file_id,)).fetchone()
    if row is None:
        return
    if row["version"] > version:
        raise LeaseLostError(
            f"The index holds version {row['version']} of file {file_id}: version {version} is stale, "
            "another attempt owns the file",
            refused_by="index",
        )
    if row["state"] != State.TOMBSTONED:
        is_same = old is not None and old.file == row["id"]
        terms = old.rows if is_same and old else _terms_of(row, _read_pages(connection, row["id"]), analysis)
        delete_terms(connection, row["id"], terms)
    connection.execute("DELETE FROM files WHERE id = ?", (row["id"],))


def _read_pages(connection: sqlite3.Connection, file: int) -> list[tuple[int, str, str]]:
    pages = connection.execute("SELECT number, text, source FROM pages WHERE file = ?", (file,))
    return [tuple(page) for page in pages]


def _terms_of(
    row: sqlite3.Row, pages: list[tuple[int, str, str]], analysis: AnalysisVersion
) -> list[TermRow]:
    return term_rows(row["file_name"], row["file_path"], pages, has_words=analysis.has_words)


def read_analysis(connection: sqlite3.Connection) -> AnalysisVersion:
    """The analysis that made the terms of a file."""
    (version,) = connection.execute("SELECT version FROM analysis").fetchone()
    return AnalysisVersion.parse(version)


def _cosines(
    connection: sqlite3.Connection, query: np.ndarray[tuple[int], np.dtype[np.float32]], groups: Groups
) -> Iterator[tuple[list[int], np.ndarray[tuple[int], np.dtype[np.float32]]]]:
    """File ids and cosines, in batches; zero vectors are left out, as they have no direction."""
    import numpy as np  # noqa: PLC0415 - as above

    rows = connection.execute(_VECTORS, (query.nbytes, groups_value(groups)))
    while chunk := rows.fetchmany(_VECTOR_BATCH):
        vectors = np.frombuffer(b"".join(row["floats"] for row in chunk), dtype=FLOAT).reshape(-1, query.size)
        lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
        nonzero = lengths > 0
        cosines = (vectors[nonzero] @ query) / lengths[nonzero]
        files = [row["file"] for row, is_nonzero in zip(chunk, nonzero.tolist(), strict=True) if is_nonzero]
        yield files, np.clip(cosines, -1.0, 1.0)


def _similar_hit(connection: sqlite3.Connection, file: int, score: float) -> SimilarHit:
    row = connection.execute(
        "SELECT file_id, file_name, file_path FROM files WHERE id = ?", (file,)
    ).fetchone()
    return SimilarHit(
        file_id=row["file_id"], file_name=row["file_name"], file_path=row["file_path"], score=score
    )


def _summary(row: sqlite3.Row) -> FileSummary:
    return FileSummary(
        file_id=row["file_id"],
        file_name=row["file_name"],
        file_path=row["file_path"],
        state=State(row["state"]),
        reason=row["reason"],
        pages=row["pages"],
    )

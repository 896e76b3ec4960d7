"""The SearchIndex Protocol and its values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from worker.index.file_facts import Groups
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.metadata import NO_METADATA, FileMetadata

_LEAST, _HARDLY = 0.01, 0.05
_ROWS = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """The best page of a file that matches a query, and `matching_pages`, best first.

    `snippet` marks the matches with [[ and ]] (see analysis/snippets). `score` orders the hits of one search
    and says no more; it is 0 where filters alone found the file.

    `reason` is the code of what is missing of the file, by which its `state` is not `indexed`. `member_path`
    names the file within it that the page is of, "" where it is the file's own.
    `pages` counts the file's; `also_at` are the paths of the first other files with its content that match.
    """

    file_id: str
    file_name: str
    file_path: str
    page: int
    snippet: str
    score: float
    state: State = State.INDEXED
    reason: str | None = None
    bucket: str = ""
    file_type: str = ""
    pages: int = 0
    matching_pages: tuple[int, ...] = ()
    metadata: FileMetadata = NO_METADATA
    also_at: tuple[str, ...] = ()
    member_path: str = ""

    @property
    def lacks_text(self) -> bool:
        """Whether the file matches by its name only, and there is a reason for what it lacks."""
        return self.page == 0 and self.reason is not None


def visible_score(score: float) -> float:
    """A score as it is shown: that of the index, but one close to 0 is 0.01 to 0.05, in the same order.

    FTS5 gives a word a millionth of its weight where most rows have it, as in an index of one
    document; printed as 0.00 the best hit would look like none.
    """
    if not 0 < score < _HARDLY:
        return score
    return _LEAST + (_HARDLY - _LEAST) * math.log1p(score * _ROWS) / math.log1p(_HARDLY * _ROWS)


class Tier(StrEnum):
    """How a query was met; the first tier that finds any file answers.

    The files have all of it, all but for a slip of the pen or the eye, or most of it.
    """

    ALL = "all"
    NEAR = "near"
    MOST = "most"


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """The best hits, one a file, and how many files match in all.

    `tier` says how much of the query they have, `notes` what of it was not understood, `suggestion` what was
    probably meant. `missing` says why
    these are partial results, and is empty where they are all. Files of equal content are one hit and count
    as one; `facets` count each of them, where that was asked for.
    """

    total: int
    hits: tuple[SearchHit, ...]
    tier: Tier = Tier.ALL
    notes: tuple[str, ...] = ()
    suggestion: str = ""
    missing: str = ""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SimilarHit:
    """One file whose image is similar to that of the query; `score` is the cosine (-1..1)."""

    file_id: str
    file_name: str
    file_path: str
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSummary:
    """One file of the index, without its content. `pages` counts them."""

    file_id: str
    file_name: str
    file_path: str
    state: State
    reason: str | None
    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexEntry:
    """What an index holds of one file, but for its content. `version` is the fence it was written with."""

    file_id: str
    version: int
    state: State
    bucket: str = ""
    key: str = ""
    content_hash: str | None = None


def tombstone_document(file_id: str) -> Document:
    """The empty document that replaces a deleted file."""
    return Document(
        file_id=file_id,
        bucket="",
        key="",
        file_name="",
        file_path="",
        size_bytes=0,
        file_type=FileType.UNSUPPORTED,
        state=State.TOMBSTONED,
    )


class SearchIndex(Protocol):
    """Documents by file, searchable by text, name, path and image.

    Every write carries the fence of its claim as `version` and is refused with LeaseLostError where
    the index has a higher one; an equal one overwrites (the same attempt wrote twice). All methods
    are thread-safe, and raise UnavailableError while the index is unavailable, MisconfiguredError where
    only an operator can help.
    """

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:
        """Replace the document of a file, atomically.

        `refresh` makes it searchable before this returns.
        """
        ...

    def tombstone(self, file_id: str, *, version: int, refresh: bool = False) -> None:
        """Hide a deleted file; with `refresh` before this returns.

        An empty document stays in its place and keeps the version, or a stale worker's write
        could restore the file.
        """
        ...

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, groups: Groups = None, facets: bool = False
    ) -> SearchResult:
        """The files that contain every word of the query, else most of them; best first, one hit a file.

        See `parse_query` for exclusions, alternatives and filters. A word, or a phrase in double quotes,
        may be on any page, in the file's name or in its path. The hit names the page that matches best;
        page 0 means that only name or path match. There are no syntax errors, and a query without words
        and filters finds nothing. At equal scores the file with the newest date comes first.

        With `groups` only files are searched that one of them may see, here and below.
        """
        ...

    def similar(self, vector: Sequence[float], *, limit: int = 5, groups: Groups = None) -> list[SimilarHit]:
        """The files whose image vector has the highest cosine with `vector`, best first.

        Vectors of another length come from another model and are not compared.
        """
        ...

    def document(self, file_id: str, *, groups: Groups = None) -> Document | None:
        """The document as written, without the pages' words, measures and vectors; None where hidden."""
        ...

    def find(self, name_or_path: str, *, groups: Groups = None) -> list[FileSummary]:
        """The files with this id or path, else those with this name or end of a path.

        Else those whose whole path is the end of this one. Case and character width are ignored.
        """
        ...

    def entries(self, bucket: str, *, after: str = "", limit: int = 1_000) -> list[IndexEntry]:
        """Up to `limit` entries of a bucket that are not tombstoned, in the order of their file ids.

        Only ids after `after`: the last id of one call begins the next. Writes may become visible late.
        """
        ...

    def entry(self, file_id: str) -> IndexEntry | None:
        """The entry of a file as it is now, tombstones too; None where there is none."""
        ...

    def purge(self, file_id: str, *, version: int) -> bool:
        """Remove a file's tombstone where it has at most this version; False when there is another entry.

        Afterwards the index refuses no stale write any more: only for deletes that are long past.
        """
        ...

    def close(self) -> None:
        """Close the index; nothing may be called afterwards."""
        ...

"""What every search index can do, whatever it is built on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """One page that matches a query. `snippet` marks the matches with [[ and ]]."""

    file_id: str
    file_name: str
    file_path: str
    page: int
    snippet: str
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """The best hits, one a file, and how many files match in all."""

    total: int
    hits: tuple[SearchHit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SimilarHit:
    """One file whose picture is near the one asked for; `score` is the cosine (-1..1)."""

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


def tombstone_document(file_id: str) -> Document:
    """The empty document that stands for a file that is gone."""
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
    """Documents by file, found by their text, name, path and picture.

    Every write carries the fence of its claim as `version` and is refused with LeaseLostError where
    the index holds a higher one; an equal one overwrites (the same attempt wrote twice). All methods
    may be called from several threads, and raise UnavailableError where the index cannot work now,
    MisconfiguredError where only an operator can help.
    """

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:
        """Put the document in the place of what the index holds for its file, in one step.

        `refresh` makes it searchable before this returns.
        """
        ...

    def tombstone(self, file_id: str, *, version: int, refresh: bool = False) -> None:
        """Hide a file that is gone; with `refresh` before this returns.

        An empty document stays in its place and remembers the version, or a stale worker's write
        could bring the file back.
        """
        ...

    def search(self, query: str, *, limit: int = 10, offset: int = 0) -> SearchResult:
        """The files that contain every word of the query, best first, one hit a file.

        A word, or a phrase in double quotes, may be on any page, in the file's name or in its path.
        The hit names the page that matches best; page 0 says that only name or path do. Whatever
        people type is a query: nothing is a syntax error, and a query without words finds nothing.
        """
        ...

    def similar(self, vector: Sequence[float], *, limit: int = 5) -> list[SimilarHit]:
        """The files whose image vector has the highest cosine with `vector`, best first.

        Vectors of another length are of another model and are not compared.
        """
        ...

    def document(self, file_id: str) -> Document | None:
        """The document as it was written, without the pages' words and measures; None where hidden."""
        ...

    def find(self, name_or_path: str) -> list[FileSummary]:
        """The files with this id or path, else those with this name or end of a path.

        Else those whose whole path is the end of this one. Case and width of letters do not count.
        """
        ...

    def close(self) -> None:
        """Let go of the index; nothing may be called afterwards."""
        ...

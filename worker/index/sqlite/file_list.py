"""The files of a SQLite index one by one, without their text: state and reasons of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from worker.index.sqlite.sqlite_file import SqliteFile
from worker.models.file import FileType
from worker.models.ledger import State

# One query for all reasons: a page of text has none, so few rows come back.
_PAGE_REASONS = "SELECT DISTINCT file, reason FROM pages WHERE reason IS NOT NULL ORDER BY file, reason"
_FILES = """
SELECT *, (SELECT count(*) FROM pages WHERE file = files.id) AS pages FROM files
WHERE state != ? ORDER BY file_path, file_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFile:
    """One file of an index.

    `codes` are all reasons for which something of it was not read: that of the file, then those of its pages.
    """

    file_id: str
    file_name: str
    file_path: str
    file_type: FileType
    state: State
    reason: str | None
    reason_message: str
    codes: tuple[str, ...]
    pages: int
    size_bytes: int
    indexed_at: str

    @property
    def is_unread(self) -> bool:
        """Whether some of it, or all of it, was not read."""
        return self.reason is not None


def read_files(path: Path) -> Iterator[ListedFile]:
    """The files of the index at `path` in the order of their paths; raises as SqliteFile."""
    with closing(SqliteFile(path)) as file, file.read_transaction() as connection:
        lost: dict[int, list[str]] = {}
        for number, reason in connection.execute(_PAGE_REASONS):
            lost.setdefault(number, []).append(reason)
        for row in connection.execute(_FILES, (State.TOMBSTONED,)):
            codes = [row["reason"]] if row["reason"] else []
            yield ListedFile(
                file_id=row["file_id"],
                file_name=row["file_name"],
                file_path=row["file_path"],
                file_type=FileType(row["file_type"]),
                state=State(row["state"]),
                reason=row["reason"],
                reason_message=row["reason_message"],
                codes=tuple(dict.fromkeys([*codes, *lost.get(row["id"], [])])),
                pages=row["pages"],
                size_bytes=row["size_bytes"],
                indexed_at=row["indexed_at"],
            )

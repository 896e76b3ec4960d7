"""A member: a file within a document, as an attachment of a mail or a file in an archive."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from worker.models.file import FileType

BETWEEN_MEMBERS = " › "
"""Stands between the name of a container and that of a file in it."""

MAX_PATH_CHARS = 1_000
"""What the path of a member may have."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def is_unseen(character: str) -> bool:
    """Whether it is a control, a mark that turns the direction of writing, or half of a character."""
    return unicodedata.category(character) in _UNSEEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """What a document has as one file of its own.

    `path` is the names of its containers and its own; its pages are `first_page` and those after it, or with
    `pages` 0 the one that says why it could not be opened. `sha256` is "" where it was not unpacked.
    """

    path: str
    first_page: int
    pages: int
    file_type: FileType
    size_bytes: int
    sha256: str = ""

    @property
    def last_page(self) -> int:
        """The number of its last page, in the document."""
        return self.first_page + max(1, self.pages) - 1

    def as_dict(self) -> dict[str, object]:
        """The member as plain values, for JSON."""
        return {**asdict(self), "file_type": self.file_type.value}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Member:
        """A member from plain values; raises KeyError, TypeError or ValueError on invalid data."""
        return cls(
            path=str(values["path"]),
            first_page=int(values["first_page"]),
            pages=int(values["pages"]),
            file_type=FileType(values["file_type"]),
            size_bytes=int(values["size_bytes"]),
            sha256=str(values["sha256"]),
        )


def member_name(file_name: str, member_path: str) -> str:
    """The name of a document with the path of a member, which is "" for the document itself."""
    return f"{file_name}{BETWEEN_MEMBERS}{member_path}" if member_path else file_name

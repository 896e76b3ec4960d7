"""The objects, rows and entries of a generated deployment, and which of them differ."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

REGION = "ap-northeast-1"
SOURCE = "documents"
FENCE = 1
CHANGED_AT = "2026-01-01T00:00:00.000+00:00"
_NAMES = ("見積書 {}.txt", "report+{}.txt", "100%25 {}.txt", "cafe\u0301 {}.txt", "plain-{}.txt")


class Role(StrEnum):
    """What is wrong with a file; the value is the finding of reconcile."""

    RIGHT = "matching"
    MISSING = "no_row"
    STALE = "other_version"
    NOT_INDEXED = "not_indexed"
    GONE = "object_gone"
    ENTRY_ONLY = "entry_without_row"


BROKEN = tuple(role for role in Role if role is not Role.RIGHT)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedFile:
    """One file; whether it has an object, a row and an entry follows from its role."""

    key: str
    role: Role

    @property
    def data(self) -> bytes:
        """The bytes of its object."""
        return self.key.encode()

    @property
    def content_hash(self) -> str:
        """Their hash."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def version(self) -> str:
        """The version in its row."""
        etag = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return f'"{etag if self.role is not Role.STALE else "0" * 32}"-{len(self.data)}'

    @property
    def has_object(self) -> bool:
        """Whether the bucket has it."""
        return self.role not in (Role.GONE, Role.ENTRY_ONLY)

    @property
    def has_row(self) -> bool:
        """Whether the ledger has it."""
        return self.role not in (Role.MISSING, Role.ENTRY_ONLY)

    @property
    def has_entry(self) -> bool:
        """Whether the index has it."""
        return self.role not in (Role.MISSING, Role.NOT_INDEXED)


def planned_files(count: int, broken: int) -> Iterator[PlannedFile]:
    """`count` files, of which `broken` differ, evenly spread and of all five roles alike."""
    every = count // broken
    for number in range(count):
        is_broken = number % every == every - 1 and number // every < broken
        role = BROKEN[number // every % len(BROKEN)] if is_broken else Role.RIGHT
        name = _NAMES[number % len(_NAMES)].format(number)
        yield PlannedFile(key=f"営業/{number // 1000:03}/{name}", role=role)


def expected_findings(count: int, broken: int) -> dict[str, str]:
    """What reconcile is to find of each broken file, by key."""
    return {file.key: file.role.value for file in planned_files(count, broken) if file.role is not Role.RIGHT}


def expected_counts(count: int, broken: int) -> Counter[str]:
    """The same, counted."""
    return Counter(expected_findings(count, broken).values())

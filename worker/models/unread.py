"""What was not read of a document: on which page, why, and what would help."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from worker.errors import COSMETIC, UNREAD, Cause

_FIRST = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """Something that was not read. Page 0 is the document; `code` is in `errors.UNREAD`."""

    page: int
    code: str
    help: str = ""

    @property
    def is_cosmetic(self) -> bool:
        """Whether no text is missing by it."""
        return self.code in COSMETIC

    @property
    def is_by_limit(self) -> bool:
        """Whether a limit caused it, so that another attempt may read more."""
        return is_limit(self.code)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadSummary:
    """What the ledger keeps: how often each code occurs, and the first places."""

    counts: Mapping[str, int] = field(default_factory=dict)
    first: tuple[Unread, ...] = ()

    @classmethod
    def of(cls, unread: Iterable[Unread]) -> UnreadSummary:
        """The summary of a document's list."""
        listed = tuple(unread)
        return cls(counts=dict(Counter(each.code for each in listed)), first=listed[:_FIRST])

    @property
    def has_limit(self) -> bool:
        """Whether a limit caused some of it."""
        return any(map(is_limit, self.counts))

    def to_json(self) -> str | None:
        """As compact JSON; None where nothing is unread."""
        if not self.counts:
            return None
        values = {"counts": self.counts, "first": [[each.page, each.code] for each in self.first]}
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> UnreadSummary:
        """What `to_json` made; raises KeyError, TypeError or ValueError for other texts."""
        values = json.loads(text)
        return cls(
            counts={str(code): int(count) for code, count in values["counts"].items()},
            first=tuple(Unread(page=int(page), code=str(code)) for page, code in values["first"]),
        )


NOTHING_UNREAD = UnreadSummary()


def is_limit(code: str | None) -> bool:
    """Whether a code is of something that a limit caused; not for a code of another version."""
    return code in _BY_LIMIT


_BY_LIMIT = frozenset(code for code, cause in UNREAD.items() if cause is Cause.LIMIT)

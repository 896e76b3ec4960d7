"""The files that lack something, each with its reason, when, and what to do about it."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from worker.aws.ledger_row import FileRow
from worker.models.ledger import State
from worker.runtime.remedies import remedy

# Most urgent first: what is not found by its text, what is being tried, what lacks some of it.
_RANKS = {State.DEAD_LETTERED: 3, State.PROCESSING: 2, State.PARTIAL: 1, State.NO_CONTENT: 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One file, with the reason of what it lacks; `when` is when its row was written last."""

    file_id: str
    bucket: str
    key: str
    file_path: str
    state: State
    reason: str
    message: str
    failures: int
    when: str
    remedy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureReport:
    """How many files there are by state and reason, and `failures`, of each state the latest first."""

    counts: Mapping[tuple[State, str], int]
    failures: tuple[Failure, ...]


@dataclass(kw_only=True, slots=True)
class FailureCollector:
    """Counts rows as they pass, and keeps the `limit` most urgent."""

    limit: int
    counts: Counter[tuple[State, str]] = field(default_factory=Counter)
    _kept: list[tuple[int, str, str, FileRow]] = field(default_factory=list)

    def watch(self, rows: Iterable[FileRow]) -> Iterator[FileRow]:
        """The same rows, each counted."""
        for row in rows:
            self._add(row)
            yield row

    def report(self) -> FailureReport:
        """What was found so far."""
        rows = [row for *_, row in sorted(self._kept, key=lambda kept: kept[:3], reverse=True)]
        return FailureReport(
            counts=dict(self.counts.most_common()), failures=tuple(_to_failure(row) for row in rows)
        )

    def _add(self, row: FileRow) -> None:
        rank = _RANKS.get(row.state)
        if rank is None or not row.reason:
            return
        self.counts[row.state, row.reason] += 1
        entry = (rank, row.updated_at, row.file_id, row)
        if len(self._kept) < self.limit:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)


def _to_failure(row: FileRow) -> Failure:
    return Failure(
        file_id=row.file_id,
        bucket=row.bucket,
        key=row.key,
        file_path=row.file_path or row.key,
        state=row.state,
        reason=row.reason or "",
        message=row.reason_message,
        failures=row.failures,
        when=row.updated_at,
        remedy=remedy(row.reason),
    )

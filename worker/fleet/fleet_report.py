"""The workers of a fleet by group, as the ledger's table shows them now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from worker.aws.clients import Clients
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.config import Settings, require
from worker.fleet.registry import PagesPerDocument, is_silent, pages_per_document


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerReport:
    """One worker, and how long ago its last beat was."""

    row: WorkerRow
    beat_age_s: int
    is_silent: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupReport:
    """The workers of a group ("" for those without one); the sums leave silent ones out."""

    name: str
    workers: tuple[WorkerReport, ...]

    @property
    def live(self) -> tuple[WorkerRow, ...]:
        """Those that are not silent."""
        return tuple(worker.row for worker in self.workers if not worker.is_silent)

    @property
    def documents(self) -> int:
        """Documents in hand."""
        return sum(row.documents for row in self.live)

    @property
    def pages(self) -> int:
        """Pages in hand."""
        return sum(row.pages for row in self.live)

    @property
    def pages_per_minute(self) -> float:
        """What its workers read in a minute of work, together."""
        return round(sum(row.pages_per_minute for row in self.live), 1)

    @property
    def last_hour(self) -> PagesPerDocument:
        """The documents that its workers finished in the last hour, and the spread of their pages."""
        return pages_per_document(self.live)


def read_fleet(settings: Settings, clients: Clients, *, now: float) -> tuple[GroupReport, ...]:
    """The groups by name, each with its workers. `now` is in seconds since 1970.

    Raises MisconfiguredError (not set, missing, forbidden), UnavailableError or ThrottledError.
    """
    require(settings, "file_table")
    return group_workers(WorkerRows(client=clients.dynamodb, table=settings.file_table).read(), now=now)


def group_workers(rows: Iterable[WorkerRow], *, now: float) -> tuple[GroupReport, ...]:
    """Rows as a report."""
    groups: dict[str, list[WorkerReport]] = {}
    for row in rows:
        worker = WorkerReport(
            row=row, beat_age_s=max(0, round(now - row.beat_at)), is_silent=is_silent(row, now=now)
        )
        groups.setdefault(row.group, []).append(worker)
    return tuple(GroupReport(name=name, workers=tuple(groups[name])) for name in sorted(groups))

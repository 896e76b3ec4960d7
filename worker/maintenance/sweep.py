"""What a sweep of reconcile is given, what it found so far, and how it ends early."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from worker.aws.scans.event_sender import EventSender
from worker.aws.scans.object_listing import ObjectListing
from worker.aws.scans.row_scan import RowScan
from worker.aws.storage_handler import StorageHandler
from worker.index.search_index import SearchIndex
from worker.maintenance.comparison import Difference, Finding
from worker.maintenance.progress import Progress

_SAVE_EVERY = 1_000
_MOST_LISTED = 1_000

_Item = TypeVar("_Item")

Report: TypeAlias = Callable[[str, Progress], None]
"""Hears the phase of a command, and how far it is."""


def in_batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """The items in lists of up to `size`; none is taken before it is needed."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


class StoppedError(Exception):
    """The user asked to stop; the position was saved before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """What a sweep reads and writes; `objects` lists the source bucket, `results` our own."""

    objects: ObjectListing
    results: ObjectListing
    storage: StorageHandler
    scan: RowScan
    index: SearchIndex
    sender: EventSender


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconcileRequest:
    """What to compare. `is_fix` queues the differences and purges; without it nothing is changed.

    `snapshots` is the folder of the temporary files.
    """

    bucket: str
    snapshots: Path
    prefix: str = ""
    is_fix: bool = False
    is_restart: bool = False
    unfinished_after: timedelta = timedelta(hours=6)
    tombstone_retention: timedelta = timedelta(days=30)
    save_every: int = _SAVE_EVERY


@dataclass(kw_only=True, slots=True)
class Tally:
    """What was found so far; saved with the position. `files` lists the first differences."""

    run_id: str
    started_at: str
    is_fix: bool
    phase: str = "compare"
    after: str = ""
    objects: int = 0
    queued: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    files: list[dict[str, str]] = field(default_factory=list)
    purged: dict[str, int] = field(default_factory=dict)

    @property
    def differences(self) -> dict[str, int]:
        """How many differences were found, of each kind."""
        counts = dict.fromkeys((each.value for each in Difference), 0)
        for name, count in self.findings.items():
            if (kind := Finding(name).difference) is not None:
                counts[kind.value] += count
        return counts

    @property
    def total(self) -> int:
        """How many differences were found."""
        return sum(self.differences.values())

    def count(self, finding: Finding, *, key: str = "", file_id: str = "") -> None:
        """Count a finding, and list it where it is one of the first differences."""
        self.findings[finding.value] = self.findings.get(finding.value, 0) + 1
        if finding.difference is not None and len(self.files) < _MOST_LISTED:
            self.files.append(
                {
                    "key": key,
                    "file_id": file_id,
                    "difference": finding.difference.value,
                    "finding": finding.value,
                }
            )

    def count_purged(self, kind: str, number: int = 1) -> None:
        """Count what was purged, or without `is_fix` would be."""
        self.purged[kind] = self.purged.get(kind, 0) + number

    def values(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {name: getattr(self, name) for name in Tally.__dataclass_fields__}

"""What is sampled while the worker runs, and of which generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Index(StrEnum):
    """The search index of a phase."""

    OPENSEARCH = "opensearch"
    SQLITE = "sqlite"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One moment: `documents` were finished by this generation. What cannot be seen is None."""

    at_s: float
    documents: int
    worker_bytes: int
    fork_server_bytes: int
    reader_bytes: Sequence[int]
    threads: int
    open_files: int | None
    fork_server_open_files: int | None
    zombies: int
    temporary_files: int
    temporary_bytes: int
    sqlite_bytes: int
    wal_bytes: int
    log_bytes: int
    log_written_bytes: int


@dataclass(kw_only=True, slots=True)
class Generation:
    """One worker process, from its start to its kill, and what was left of it afterwards."""

    number: int
    index: Index
    is_drain: bool = False
    """It only empties the queue at the end of a phase, and is stopped, not killed."""
    samples: list[Sample] = field(default_factory=list)
    documents: int = 0
    leftovers: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    """What was not planned: an end nobody asked for, an exit status other than expected."""
    killed: bool = False

    def summary(self) -> dict[str, object]:
        """It as values for JSON."""
        return asdict(self)

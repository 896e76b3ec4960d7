"""The result of each file that was sent: nothing may be lost, whatever the load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

INDEXED = "indexed"


@dataclass(frozen=True, kw_only=True, slots=True)
class SentFile:
    """A file whose event the queue accepted at `sent_at` (monotonic seconds)."""

    file_id: str
    key: str
    kind: str
    word: str
    sent_at: float


class Accounts:
    """All files of a run, in the order in which they were sent.

    A file is open, then its ledger row has an end state, then (if that is `indexed`) a search finds it.
    """

    def __init__(self) -> None:
        self._open: dict[str, SentFile] = {}
        self._unfound: dict[str, SentFile] = {}
        self._ends: Counter[str] = Counter()
        self.sent = 0

    def send(self, file: SentFile) -> None:
        """A file was sent."""
        self.sent += 1
        self._open[file.file_id] = file

    def end(self, file_id: str, state: str) -> SentFile:
        """The ledger has an end state for a file; returns the file."""
        file = self._open.pop(file_id)
        if state == INDEXED:
            self._unfound[file_id] = file
        else:
            self._ends[state] += 1
        return file

    def find(self, file_id: str) -> None:
        """A search found an indexed file."""
        del self._unfound[file_id]
        self._ends[INDEXED] += 1

    @property
    def ends(self) -> dict[str, int]:
        """How many files have which end; `indexed` are those that a search found."""
        return dict(self._ends)

    @property
    def done(self) -> int:
        """How many files are accounted for."""
        return self._ends.total()

    @property
    def backlog(self) -> int:
        """How many files are not accounted for yet."""
        return len(self._open) + len(self._unfound)

    @property
    def oldest_sent_at(self) -> float | None:
        """When the oldest file of the backlog was sent."""
        firsts = [next(iter(files.values())).sent_at for files in (self._open, self._unfound) if files]
        return min(firsts, default=None)

    def open_files(self) -> list[SentFile]:
        """Files without an end state, the oldest first."""
        return list(self._open.values())

    def unfound(self) -> list[SentFile]:
        """Files that are indexed and were not found yet, in the order in which they ended."""
        return list(self._unfound.values())

    def losses(self) -> Iterator[str]:
        """What is not accounted for, a line a file."""
        for file in self._open.values():
            yield f"{file.key}: its ledger row has no end state"
        for file in self._unfound.values():
            yield f"{file.key}: indexed by the ledger, but no search finds it"

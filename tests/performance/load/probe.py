"""The probe: from the event to a searchable document, by asking the ledger, then the index.

It is one for all users, so that it costs little: one read a hundred rows, and as a rule one search a file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from tests.performance.load.accounts import INDEXED, Accounts, SentFile
from worker.aws.ledger_row import FileRow
from worker.errors import WorkerError

_ROWS_A_READ = 100
# Documents become visible together, with a refresh: where some are not found yet, no later one is.
_MISSES = 3
_BUSY_BACKLOG = 50
_INTERVAL_S, _BUSY_INTERVAL_S = 0.25, 1.0

ReadRows = Callable[[Collection[str]], Mapping[str, FileRow]]
IsFound = Callable[[SentFile], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A file that is accounted for; `failure` says why a user cannot find it."""

    file: SentFile
    delay_s: float
    failure: str | None = None


class Probe:
    """Follows the files of `accounts`, and reports each to `on_arrival`; faults go to `on_fault`."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        read_rows: ReadRows,
        is_found: IsFound,
        clock: Callable[[], float],
        on_arrival: Callable[[Arrival], None],
        on_fault: Callable[[str, WorkerError], None],
    ) -> None:
        self._accounts = accounts
        self._read_rows = read_rows
        self._is_found = is_found
        self._clock = clock
        self._on_arrival = on_arrival
        self._on_fault = on_fault
        self._next = 0

    @property
    def interval_s(self) -> float:
        """Seconds to the next step: with a long backlog a second more or less says nothing."""
        return _INTERVAL_S if self._accounts.backlog <= _BUSY_BACKLOG else _BUSY_INTERVAL_S

    def step(self) -> None:
        """Ask once about the oldest files, and in turn about those behind them."""
        for what, ask in (("ledger", self._ask_ledger), ("index", self._ask_index)):
            try:
                ask()
            except WorkerError as error:
                self._on_fault(what, error)

    def _ask_ledger(self) -> None:
        files = self._accounts.open_files()
        self._end(files[:_ROWS_A_READ])
        rest = files[_ROWS_A_READ:]
        if rest:
            self._next = self._next if self._next < len(rest) else 0
            self._end(rest[self._next : self._next + _ROWS_A_READ])
            self._next += _ROWS_A_READ

    def _end(self, files: list[SentFile]) -> None:
        if not files:
            return
        rows = self._read_rows([file.file_id for file in files])
        for file_id, row in rows.items():
            if not row.is_finished:
                continue
            file = self._accounts.end(file_id, row.state.value)
            if row.state.value != INDEXED:
                failure = f"{row.state.value}: {row.reason or 'no reason'}"
                self._arrive(file, failure)

    def _ask_index(self) -> None:
        misses = 0
        for file in self._accounts.unfound():
            if misses >= _MISSES:
                return
            if self._is_found(file):
                self._accounts.find(file.file_id)
                self._arrive(file, None)
            else:
                misses += 1

    def _arrive(self, file: SentFile, failure: str | None) -> None:
        delay_s = self._clock() - file.sent_at
        self._on_arrival(Arrival(file=file, delay_s=delay_s, failure=failure))

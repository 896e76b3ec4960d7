"""The probe and the accounts: from the event to a hit, and nothing lost on the way."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.performance.load.accounts import Accounts, SentFile
from tests.performance.load.probe import Arrival, Probe
from worker.aws.ledger_row import FileRow
from worker.errors import UnavailableError
from worker.models.ledger import State

pytestmark = pytest.mark.performance


class Services:
    """A ledger and an index as the probe asks them, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rows: dict[str, FileRow] = {}
        self.found: set[str] = set()
        self.reads: list[int] = []
        self.searches: list[str] = []
        self.is_ledger_away = False
        self.arrivals: list[Arrival] = []
        self.faults: list[str] = []
        self.accounts = Accounts()
        self.probe = Probe(
            self.accounts,
            read_rows=self.read,
            is_found=self.search,
            clock=lambda: self.now,
            on_arrival=self.arrivals.append,
            on_fault=lambda what, error: self.faults.append(f"{what}: {error}"),
        )

    def read(self, ids: Collection[str]) -> dict[str, FileRow]:
        self.reads.append(len(ids))
        if self.is_ledger_away:
            raise UnavailableError("no answer")
        return {name: self.rows[name] for name in ids if name in self.rows}

    def search(self, file: SentFile) -> bool:
        self.searches.append(file.file_id)
        return file.file_id in self.found

    def send(self, *names: str, at: float = 0.0) -> None:
        for name in names:
            self.accounts.send(SentFile(file_id=name, key=f"k/{name}", kind="pdf", word=name, sent_at=at))

    def end(self, name: str, state: State, reason: str | None = None) -> None:
        self.rows[name] = FileRow(file_id=name, fence=1, state=state, reason=reason)


@pytest.fixture
def services() -> Services:
    return Services()


def test_the_delay_ends_when_a_search_finds_the_file(services: Services) -> None:
    services.send("a", at=2.0)
    services.probe.step()
    services.end("a", State.PROCESSING)
    services.probe.step()
    services.end("a", State.INDEXED)
    services.now = 5.0
    services.probe.step()
    assert services.arrivals == []
    assert services.accounts.backlog == 1

    services.found.add("a")
    services.now = 6.5
    services.probe.step()

    assert [(each.file.file_id, each.delay_s, each.failure) for each in services.arrivals] == [
        ("a", 4.5, None)
    ]
    assert services.accounts.ends == {"indexed": 1}
    assert services.accounts.backlog == 0


@pytest.mark.parametrize(
    ("state", "reason"),
    [(State.DEAD_LETTERED, "max_failures"), (State.NO_CONTENT, "corrupt"), (State.PARTIAL, "page_timeout")],
)
def test_another_end_is_accounted_for_and_is_a_failure(services: Services, state: State, reason: str) -> None:
    services.send("a")
    services.end("a", state, reason)
    services.probe.step()

    assert [each.failure for each in services.arrivals] == [f"{state.value}: {reason}"]
    assert services.accounts.ends == {state.value: 1}
    assert list(services.accounts.losses()) == []
    assert services.searches == []


def test_what_has_no_end_is_named_as_lost(services: Services) -> None:
    services.send("a", "b")
    services.end("b", State.INDEXED)
    services.probe.step()

    assert list(services.accounts.losses()) == [
        "k/a: its ledger row has no end state",
        "k/b: indexed by the ledger, but no search finds it",
    ]


def test_a_long_backlog_costs_two_reads_a_step_and_is_read_through(services: Services) -> None:
    names = [f"{number:03d}" for number in range(450)]
    services.send(*names)
    for name in names[-50:]:
        services.end(name, State.INDEXED)
        services.found.add(name)
    for _ in range(4):
        services.probe.step()

    assert services.reads == [100, 100, 100, 100, 100, 100, 100, 50]
    assert services.accounts.ends == {"indexed": 50}
    assert services.probe.interval_s == 1.0


def test_a_step_stops_searching_after_three_that_are_not_found_yet(services: Services) -> None:
    names = [f"{number}" for number in range(10)]
    services.send(*names)
    for name in names:
        services.end(name, State.INDEXED)
    services.found.add("0")
    services.probe.step()

    assert services.searches == ["0", "1", "2", "3"]


def test_an_unavailable_ledger_is_a_fault_and_the_index_is_asked_all_the_same(services: Services) -> None:
    services.send("a", "b")
    services.end("a", State.INDEXED)
    services.probe.step()
    services.is_ledger_away = True
    services.found.add("a")
    services.probe.step()

    assert services.faults == ["ledger: no answer"]
    assert services.accounts.ends == {"indexed": 1}

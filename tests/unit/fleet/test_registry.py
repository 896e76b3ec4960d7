"""Registry: the entry of a worker while it lives, and what is computed of all entries."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from tests.unit.world import TABLE, World
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.fleet.recent_work import RecentWork
from worker.fleet.registry import BEAT_S, InHand, Registry, is_silent, pages_per_document
from worker.runtime.identity import Identity

pytestmark = pytest.mark.unit

IDENTITY = Identity(worker="w-1", instance="i-1", process=7, role="worker", version="1.2.3", group="night")
WALL = 1_700_000_000.0


@dataclass
class Worker:
    """What a registry observes."""

    in_hand: InHand
    pages_read: float = 0.0


@pytest.fixture
def worker() -> Worker:
    return Worker(InHand(lifecycle="working", documents=2, pages=30))


@pytest.fixture
def registry(world: World, clock: Clock, worker: Worker) -> Registry:
    return Registry(
        rows=WorkerRows(client=world.clients.dynamodb, table=TABLE),
        identity=IDENTITY,
        observe=lambda: worker.in_hand,
        pages_read=lambda: worker.pages_read,
        recent_work=RecentWork(clock),
        instance_lifecycle=lambda: "spot",
        now=lambda: WALL + clock.now,
        clock=clock,
    )


def _only(registry: Registry) -> WorkerRow:
    (row,) = registry.rows.read()
    return row


def test_a_worker_registers_who_it_is_and_what_it_has_in_hand(registry: Registry, clock: Clock) -> None:
    registry.step()
    assert _only(registry) == WorkerRow(
        worker="w-1",
        instance="i-1",
        process=7,
        version="1.2.3",
        group="night",
        lifecycle="working",
        instance_lifecycle="spot",
        documents=2,
        pages=30,
        started_at=int(WALL + clock.now),
        beat_at=int(WALL + clock.now),
    )


def test_it_beats_every_half_minute_and_not_more_often(registry: Registry, clock: Clock) -> None:
    registry.step()
    began = _only(registry).beat_at
    clock.now += BEAT_S - 1
    registry.step()
    assert _only(registry).beat_at == began
    clock.now += 1
    registry.step()
    assert _only(registry).beat_at == began + BEAT_S


def test_a_change_of_its_lifecycle_is_seen_at_once(registry: Registry, worker: Worker, clock: Clock) -> None:
    registry.step()
    clock.now += 1
    worker.in_hand = replace(worker.in_hand, lifecycle="stopping")
    registry.step()
    assert _only(registry).lifecycle == "stopping"


def test_it_measures_pages_a_minute_and_the_documents_of_the_hour(
    registry: Registry, worker: Worker, clock: Clock
) -> None:
    registry.step()
    for pages in (10.0, 25.0, 40.0):
        clock.now += 30
        worker.pages_read = pages
        registry.step()
    registry.recent_work.add_document(30)
    registry.recent_work.add_document(10)
    clock.now += 30
    registry.step()
    row = _only(registry)
    assert row.pages_per_minute == 20.0
    assert (row.documents_last_hour, row.pages_last_hour, row.pages_squared_last_hour) == (2, 40, 1_000)
    assert row.busy_s_last_hour == 120


def test_a_clean_stop_removes_it_and_nothing_comes_after(registry: Registry, clock: Clock) -> None:
    registry.step()
    registry.close()
    clock.now += BEAT_S
    registry.step()
    assert registry.rows.read() == ()
    registry.close()


def test_an_unavailable_ledger_disturbs_nobody(world: World, registry: Registry, clock: Clock) -> None:
    broken = replace(registry, rows=WorkerRows(client=world.clients.dynamodb, table="none"))
    with capture_logs() as lines:
        broken.step()
        clock.now += BEAT_S
        broken.step()
        broken.close()
    # Once, not with every beat.
    assert [line["event"] for line in lines] == ["registry_unavailable"]


def test_a_worker_that_was_killed_is_silent_after_two_beats() -> None:
    row = WorkerRow(worker="w", beat_at=1_000)
    assert not is_silent(row, now=1_000 + 3 * BEAT_S)
    assert is_silent(row, now=1_000 + 3 * BEAT_S + 11)


def test_the_spread_over_a_fleet_is_that_of_all_its_documents() -> None:
    # 2, 4 and 4 pages on one worker, 4 and 6 on another: mean 4, deviation the root of 8 / 5.
    rows = [
        WorkerRow(worker="a", documents_last_hour=3, pages_last_hour=10, pages_squared_last_hour=36),
        WorkerRow(worker="b", documents_last_hour=2, pages_last_hour=10, pages_squared_last_hour=52),
        WorkerRow(worker="idle"),
    ]
    spread = pages_per_document(rows)
    assert (spread.documents, spread.pages, spread.mean) == (5, 20, 4.0)
    assert spread.standard_deviation == pytest.approx(1.6**0.5)
    assert pages_per_document([]).mean == 0.0

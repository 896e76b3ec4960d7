"""Slots: the heap against a queue that is stepped through naively, and what an interruption leaves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit.fleet.simulation.scenario_parts import make_scenario
from worker.fleet.simulation.slots import Shard, Slots
from worker.fleet.simulation.workload import Workload, make_workload

pytestmark = pytest.mark.unit


def make_load(arrivals_s: list[float], work_s: list[float], shards: int = 1, pages: int = 4) -> Workload:
    size = len(arrivals_s)
    return Workload(
        arrivals_s=np.array(arrivals_s, dtype=float),
        pages=np.full(size, pages, np.int32),
        work_s=np.array(work_s, dtype=float),
        kinds=np.zeros(size, np.int8),
        shards=np.full(size, shards, np.int8),
        work_until_s=np.cumsum(work_s),
    )


def make_slots(load: Workload, *instances: int, per_instance: int = 1) -> Slots:
    slots = Slots(load=load, per_instance=per_instance)
    for instance in instances:
        slots.add(instance, 0.0)
    return slots


def naive_ends(load: Workload, slots: int) -> list[float]:
    """Every shard in order to the slot that is free first."""
    free, ends = [0.0] * slots, []
    for document in range(len(load)):
        shards = int(load.shards[document])
        last = 0.0
        for _ in range(shards):
            place = free.index(min(free))
            start = max(free[place], float(load.arrivals_s[document]))
            free[place] = start + float(load.work_s[document]) / shards
            last = max(last, free[place])
        ends.append(last)
    return ends


@pytest.mark.parametrize("stride_s", [10_000.0, 60.0, 7.3])
def test_documents_end_as_in_a_queue_stepped_through_naively(stride_s: float) -> None:
    """However often the time is stopped in between."""
    documents = [{"name": "scan", "share": 1, "pages": {"median": 4, "p95": 40}, "seconds_per_page": 1}]
    arrivals = [{"kind": "steady", "documents_per_hour": 5000}]
    load = make_workload(make_scenario(arrivals=arrivals, documents=documents, duration_days=0.02))
    slots = make_slots(load, 0, 1, per_instance=4)
    for until_s in np.arange(0, 10_000.0 + stride_s, stride_s):
        slots.serve(float(until_s))
    assert slots.finish() == pytest.approx(naive_ends(load, 8))


def test_nothing_starts_before_it_comes_nor_after_the_time_asked_for() -> None:
    slots = make_slots(make_load([5.0, 100.0], [2.0, 2.0]), 0)
    slots.serve(50.0)
    assert (slots.head, slots.in_hand(6.0), slots.in_hand(8.0)) == (1, 1, 0)
    assert slots.finish().tolist() == [7.0, math.inf]


def test_a_document_is_done_with_its_last_shard() -> None:
    slots = make_slots(make_load([0.0], [8.0], shards=4), 0, per_instance=2)
    slots.serve(100.0)
    assert slots.finish().tolist() == [4.0]


def test_without_slots_nothing_happens() -> None:
    slots = make_slots(make_load([0.0], [1.0]))
    slots.serve(100.0)
    assert (slots.head, slots.count) == (0, 0)


def test_removing_an_instance_returns_what_it_has_in_hand() -> None:
    slots = make_slots(make_load([0.0, 0.0, 0.0], [10.0, 10.0, 10.0]), 0, 1)
    slots.serve(5.0)
    (running,) = slots.remove(0, 5.0)
    assert (running.end_s, running.shard.seconds, running.shard.pages) == (10.0, 10.0, 4.0)
    assert slots.count == 1
    assert slots.remove(7, 5.0) == []


def test_what_was_requeued_is_served_behind_what_came_before_and_ends_late() -> None:
    slots = make_slots(make_load([0.0, 1.0, 50.0], [10.0, 10.0, 10.0]), 0)
    slots.serve(2.0)
    (running,) = slots.remove(0, 2.0)
    slots.requeue(Shard(2.0, running.shard.document, 8.0, 3.0))
    assert slots.requeued == 1
    slots.add(1, 2.0)
    slots.serve(1000.0)
    assert slots.finish().tolist() == [20.0, 12.0, 60.0]


def test_what_stays_requeued_is_not_done() -> None:
    slots = make_slots(make_load([0.0], [10.0]), 0)
    slots.serve(2.0)
    slots.requeue(Shard(2.0, slots.remove(0, 2.0)[0].shard.document, 8.0, 3.0))
    assert slots.finish().tolist() == [math.inf]


def test_an_instance_is_busy_until_its_last_slot_is_free() -> None:
    slots = make_slots(make_load([0.0, 0.0], [3.0, 9.0]), 4, 5, per_instance=2)
    slots.serve(1.0)
    assert slots.busy_until_s() == {4: 9.0, 5: 0.0}

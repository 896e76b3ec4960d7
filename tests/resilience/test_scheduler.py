"""One thread runs at a time, virtual time passes when all wait, and a dead process has no effect."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterator
from random import Random

import pytest

import worker.lifecycle
from tests.resilience import simulated_threads as simulated
from tests.resilience.clock import Signal
from tests.resilience.rebinding import Rebinding
from tests.resilience.scheduler import Deadlock, Killed, Scheduler
from worker.delivery.heartbeat import Heartbeat
from worker.delivery.settlement import Settlement

pytestmark = pytest.mark.resilience


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(Random(1), now=0.0)
    simulated.activate(made)
    yield made
    made.close()
    simulated.activate(None)


def test_hours_pass_at_once(scheduler: Scheduler) -> None:
    began = time.monotonic()
    scheduler.elapse(10 * 3_600)
    assert scheduler.now == 36_000
    assert time.monotonic() - began < 3_600


def test_threads_take_turns_where_they_wait_and_nowhere_else(scheduler: Scheduler) -> None:
    order: list[str] = []
    process = scheduler.process("p")

    def count(name: str) -> None:
        for number in range(3):
            order.append(f"{name}{number}")
            order.append(f"{name}{number}")
            scheduler.elapse(1.0)

    for name in "ab":
        scheduler.spawn(name, lambda name=name: count(name), process)  # type: ignore[misc]
    scheduler.elapse(10)
    assert order[::2] == order[1::2]
    assert sorted(order[:4]) == ["a0", "a0", "b0", "b0"]


def test_a_killed_process_runs_no_further(scheduler: Scheduler) -> None:
    done: list[str] = []
    process = scheduler.process("p")

    def work() -> None:
        try:
            scheduler.elapse(10)
            done.append("work")
        except Exception:  # noqa: BLE001  (a kill must pass even this)
            done.append("handler")
        finally:
            with pytest.raises(Killed):
                scheduler.elapse(1)

    scheduler.spawn("t", work, process)
    scheduler.elapse(5)
    scheduler.kill(process)
    scheduler.elapse(100)
    assert (done, process.ended, scheduler.errors) == ([], True, [])


def test_a_paused_process_goes_on_when_the_pause_is_over(scheduler: Scheduler) -> None:
    times: list[float] = []
    process = scheduler.process("p")

    def work() -> None:
        while True:
            scheduler.elapse(1)
            times.append(scheduler.now)

    scheduler.spawn("t", work, process)
    scheduler.elapse(2.5)
    scheduler.pause(process, 10)
    scheduler.elapse(11.5)
    assert times == [1, 2, 12.5, 13.5]
    scheduler.pause(process, 100)
    scheduler.elapse(6)
    scheduler.resume(process)
    scheduler.elapse(0.5)
    assert times[4:] == [20]


def test_what_nobody_can_end_is_a_deadlock(scheduler: Scheduler) -> None:
    with pytest.raises(Deadlock):
        scheduler.wait(Signal(), None)


def test_a_lock_is_held_over_a_wait(scheduler: Scheduler) -> None:
    lock, times = simulated.Lock(), []
    process = scheduler.process("p")

    def work() -> None:
        with lock:
            times.append(scheduler.now)
            scheduler.elapse(5)

    for name in "abc":
        scheduler.spawn(name, work, process)
    scheduler.elapse(20)
    assert times == [0, 5, 10]
    assert lock.acquire(timeout=1)
    assert not lock.acquire(blocking=False)
    assert not lock.acquire(timeout=3)


def test_an_event_wakes_and_a_wait_for_it_ends(scheduler: Scheduler) -> None:
    event = simulated.Event()
    assert not event.wait(5)
    scheduler.spawn("t", event.set, scheduler.process("p"))
    assert event.wait(1_000)
    assert scheduler.now == 5


def test_a_queue_gives_in_order_or_is_empty_after_its_time(scheduler: Scheduler) -> None:
    items: simulated.SimpleQueue = simulated.SimpleQueue()
    with pytest.raises(queue.Empty):
        items.get(timeout=7)
    items.put(1)
    items.put(2)
    assert (items.get(), items.get_nowait(), items.empty(), scheduler.now) == (1, 2, True, 7)


def test_a_thread_belongs_to_the_process_that_starts_it(scheduler: Scheduler) -> None:
    process = scheduler.process("p")
    alive: list[bool] = []

    def start() -> None:
        child = simulated.Thread(target=lambda: scheduler.elapse(5))
        child.start()
        alive.append(child.is_alive())
        child.join(60)
        alive.append(child.is_alive())

    scheduler.spawn("t", start, process)
    scheduler.elapse(60)
    assert (alive, len(process.tasks)) == ([True, False], 2)


def test_an_error_in_a_thread_is_kept_for_the_test(scheduler: Scheduler) -> None:
    scheduler.spawn("t", lambda: 1 / 0, scheduler.process("p"))
    scheduler.elapse(1)
    assert "ZeroDivisionError" in scheduler.errors[0]


def test_a_rebinding_reaches_defaults_and_dataclass_fields_and_restores_them() -> None:
    defaults = Heartbeat.__init__.__kwdefaults__ or {}
    rebinding = Rebinding()
    before = sys.modules["worker.lifecycle"].__dict__["threading"]
    rebinding.install()
    try:
        assert defaults["clock"] is simulated.monotonic
        assert worker.lifecycle.threading.Thread is simulated.Thread  # type: ignore[attr-defined]
        cells = [cell.cell_contents for cell in Settlement.__init__.__closure__ or ()]
        assert simulated.Lock in cells or not cells
        assert threading.Lock not in cells
    finally:
        rebinding.undo()
    assert defaults["clock"] is time.monotonic
    assert before is threading
    assert worker.lifecycle.threading is threading  # type: ignore[attr-defined]

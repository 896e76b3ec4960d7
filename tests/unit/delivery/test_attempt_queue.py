"""Which attempts may begin: many side by side, a suspect file alone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import pytest

from worker.delivery.attempt_queue import AttemptQueue, Task

if TYPE_CHECKING:
    from tests.unit.world import World
    from worker.delivery.heartbeat import Lease

pytestmark = pytest.mark.unit


def _lease(world: World, key: str) -> Lease:
    world.announce(key)
    return world.heartbeat.hold(world.receive())


def _take(world: World) -> Task:
    task = world.attempt_queue.take(0)
    assert task is not None
    return task


def test_ordinary_messages_begin_side_by_side_in_their_order(world: World) -> None:
    leases = [_lease(world, key) for key in ("a", "b")]
    for lease in leases:
        world.attempt_queue.put(lease, None)
    tasks = [_take(world) for _ in leases]
    assert [task.lease for task in tasks] == leases
    assert not any(task.is_isolated for task in tasks)
    assert world.attempt_queue.take(0) is None
    for task in tasks:
        world.attempt_queue.end(task)
    assert len(world.attempt_queue) == 0


def test_a_stop_wakes_those_that_wait_and_lets_none_wait_long(world: World) -> None:
    queue = world.attempt_queue
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(queue.take, 120) for _ in range(3)]
        until = time.monotonic() + 60
        while time.monotonic() < until and not all(future.done() for future in waiting):
            queue.wake()
            wait(waiting, timeout=0.05)
        assert [future.done() for future in waiting] == [True] * 3
        assert [future.result() for future in waiting] == [None] * 3
    world.consumer.shutdown.request("test")
    began = time.monotonic()
    assert queue.take(60) is None
    assert time.monotonic() - began < 50


def test_a_suspect_waits_for_the_attempts_in_progress_and_keeps_others_from_beginning(world: World) -> None:
    queue = world.attempt_queue
    queue.put(_lease(world, "a"), None)
    ordinary = _take(world)
    suspect = _lease(world, "suspect")
    queue.put_suspect(suspect, (1, 2))
    assert queue.take(0) is None
    queue.end(ordinary)
    queue.put(_lease(world, "b"), None)
    isolated = _take(world)
    assert (isolated.lease, isolated.takeover, isolated.is_isolated) == (suspect, (1, 2), True)
    assert queue.take(0) is None
    queue.end(isolated)
    assert not _take(world).is_isolated


def test_a_suspect_does_not_starve_beside_steady_work(world: World) -> None:
    queue = world.attempt_queue
    queue.put(_lease(world, "0"), None)
    running = _take(world)
    queue.put_suspect(_lease(world, "suspect"), None)
    waited_s = 0
    for number in range(1, 100):
        queue.put(_lease(world, str(number)), None)
        following = queue.take(0)
        queue.end(running)
        if following is None:
            break
        running = following
        world.clock.now += 5
        waited_s += 5
    assert waited_s == 30
    assert _take(world).is_isolated


def test_two_suspect_files_run_one_after_the_other(world: World) -> None:
    queue = world.attempt_queue
    for key in ("a", "b"):
        queue.put_suspect(_lease(world, key), None)
    first = _take(world)
    assert queue.take(0) is None
    queue.end(first)
    second = _take(world)
    assert (first.is_isolated, second.is_isolated) == (True, True)


def test_at_a_stop_everything_begins_in_order_to_be_requeued(world: World) -> None:
    queue = world.attempt_queue
    for key in ("a", "b"):
        queue.put_suspect(_lease(world, key), None)
    queue.put(_lease(world, "c"), None)
    _take(world)
    world.shutdown.request("test")
    assert not _take(world).is_isolated
    assert not _take(world).is_isolated
    assert not queue.has_waiting


def test_nothing_is_received_while_a_suspect_runs(world: World) -> None:
    world.attempt_queue.put_suspect(_lease(world, "suspect"), None)
    _take(world)
    world.put("a", b"")
    world.announce("a")
    world.consumer.step()
    assert world.consumer.in_flight == 1


def test_attempts_that_only_write_keep_a_bounded_number_of_places_free(world: World) -> None:
    queue = AttemptQueue(world.shutdown, writing_places=1)
    for key in ("a", "b", "c"):
        queue.put(_lease(world, key), None)
    first = queue.take(0)
    assert queue.places_taken == 3
    with queue.writing(), ThreadPoolExecutor(1) as pool:
        assert (queue.places_taken, len(queue)) == (2, 3)
        assert pool.submit(_take_and_write, queue).result(60) == 2
    assert queue.places_taken == 3
    assert first is not None
    queue.end(first)
    assert (queue.places_taken, len(queue)) == (2, 2)


def _take_and_write(queue: AttemptQueue) -> int:
    queue.take(0)
    with queue.writing():
        return queue.places_taken


def test_only_a_write_of_an_attempt_expects_others_in_a_backlog(world: World) -> None:
    queue = world.attempt_queue
    queue.put(_lease(world, "a"), None)
    queue.has_backlog = True
    task = _take(world)
    assert not queue.expects_more_writes()
    with queue.writing():
        assert queue.expects_more_writes()
        with ThreadPoolExecutor(1) as pool:
            assert not pool.submit(queue.expects_more_writes).result(60)
        world.shutdown.request("test")
        assert not queue.expects_more_writes()
    queue.end(task)


def test_the_end_of_a_backlog_is_written_together_too(world: World) -> None:
    queue = world.attempt_queue
    queue.has_backlog = True
    queue.put(_lease(world, "a"), None)
    queue.put(_lease(world, "b"), None)
    queue.has_backlog = False
    queue.put(_lease(world, "a long scan"), None)
    _take(world)
    with queue.writing():
        assert queue.expects_more_writes()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(queue.take, 0).result(60)
            assert queue.expects_more_writes()
            with_both = pool.submit(_expects_while_writing, queue)
            assert not with_both.result(60)


def _expects_while_writing(queue: AttemptQueue) -> bool:
    with queue.writing():
        return queue.expects_more_writes()

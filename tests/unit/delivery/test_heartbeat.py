"""Leases: renewed, lost, and never renewed after their release."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from worker.aws.queue_manager import QueueManager
from worker.delivery.heartbeat import Heartbeat
from worker.errors import JobInterrupted, LeaseLostError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _break(world: World, operation: str, error: Exception) -> None:
    def fail(**_: Any) -> None:
        raise error

    world.clients.sqs.meta.events.register_first(f"before-send.sqs.{operation}", fail)


def test_a_lease_counts_from_before_the_receive(world: World) -> None:
    world.announce("a")
    message = world.receive()
    world.clock.now += 30
    lease = world.heartbeat.hold(message)
    assert lease.left_s == 90
    lease.check()


def test_a_renewal_is_due_at_a_third_of_the_lease_and_moves_the_deadline(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.clock.now += 39
    world.heartbeat.step()
    assert lease.left_s == 81
    world.clock.now += 1
    world.heartbeat.step()
    assert lease.left_s == 120


def test_the_claim_of_a_lease_is_renewed_in_the_ledger_too(world: World) -> None:
    job = world.claim(world.put("a"))
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    lease.claim = job.claim
    world.clock.now += 40
    world.heartbeat.step()
    assert world.row("a").beat == 1


def test_a_lease_whose_file_was_claimed_by_another_is_lost(world: World) -> None:
    file = world.put("a")
    job = world.claim(file)
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    lease.claim = job.claim
    world.other.claim(file, message_id="m2", version="v", seen=world.row("a"), attempt="theirs")
    world.clock.now += 40
    world.heartbeat.step()
    assert lease.lost
    with pytest.raises(LeaseLostError):
        lease.check()


def test_a_network_error_in_one_renewal_is_survived(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    _break(world, "ChangeMessageVisibilityBatch", ReadTimeoutError(endpoint_url="x"))
    world.clock.now += 40
    world.heartbeat.step()
    assert lease.left_s == 80
    assert not lease.lost


def test_a_lease_that_is_not_renewed_in_time_is_lost(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    _break(world, "ChangeMessageVisibilityBatch", ReadTimeoutError(endpoint_url="x"))
    world.clock.now += 121
    world.heartbeat.step()
    assert lease.lost
    assert b"cis_leases_lost_total 1.0" in world.metrics.render()
    assert lease.left_s == 0


def test_the_work_stops_before_the_lease_ends_without_any_notice(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.clock.now += 116
    with pytest.raises(LeaseLostError):
        lease.check()


def test_the_work_on_a_message_held_for_eleven_hours_is_interrupted(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.clock.now += 11 * 3600 + 1
    lease.deadline = world.clock.now + 100
    with pytest.raises(JobInterrupted):
        lease.check()


def test_a_released_lease_is_not_renewed(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.heartbeat.release(lease)
    world.clock.now += 40
    world.heartbeat.step()
    assert lease.left_s == 80


def test_an_unavailable_ledger_is_called_once_and_loses_no_lease(world: World) -> None:
    calls: list[str] = []
    leases = []
    for key in ("a", "b", "c"):
        world.announce(key)
        lease = world.heartbeat.hold(world.receive())
        lease.claim = world.claim(world.put(key)).claim
        leases.append(lease)

    def refuse(**_: Any) -> None:
        calls.append("x")
        raise ReadTimeoutError(endpoint_url="x")

    world.clients.dynamodb.meta.events.register_first("before-send.dynamodb.UpdateItem", refuse)
    world.clock.now += 40
    world.heartbeat.step()
    assert len(calls) <= 4
    assert [lease.left_s for lease in leases] == [120, 120, 120]


def test_no_renewal_exceeds_the_twelve_hour_limit_of_the_queue(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.clock.now += 12 * 3600 - 100
    lease.deadline = world.clock.now + 50
    world.heartbeat.step()
    assert lease.left_s == 40


def test_a_message_near_the_twelve_hour_limit_shortens_no_other_lease(world: World) -> None:
    world.announce("old")
    old = world.heartbeat.hold(world.receive())
    world.clock.now += 12 * 3600 - 62
    old.deadline = world.clock.now + 50
    leases = []
    for key in ("a", "b"):
        world.announce(key)
        leases.append(world.heartbeat.hold(world.receive()))
    world.clock.now += 40
    world.heartbeat.step()
    assert [lease.left_s for lease in leases] == [120, 120]
    assert old.left_s == 1
    world.clock.now += 39
    for lease in leases:
        lease.check()


def test_leases_are_counted_on_the_monotonic_clock(world: World) -> None:
    queue = QueueManager(world.clients.sqs, queue_url=world.queue_url, dlq_url=world.dlq_url)
    heartbeat = Heartbeat(queue=queue, table=world.table, visibility_s=120, metrics=world.metrics)
    world.announce("a")
    before = time.monotonic()
    (message,) = queue.receive(limit=1, wait_s=0)
    after = time.monotonic()
    assert before <= message.received_at <= after
    lease = heartbeat.hold(message)
    assert 0 < lease.left_s <= 120
    heartbeat.step()
    assert lease.deadline == message.received_at + 120


def test_the_release_of_a_lease_waits_for_its_renewal_in_progress(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    renewing, go_on, released = threading.Event(), threading.Event(), threading.Event()

    def hold_up(**_: Any) -> None:
        renewing.set()
        go_on.wait(60)

    world.clients.sqs.meta.events.register_first("before-send.sqs.ChangeMessageVisibilityBatch", hold_up)
    world.clock.now += 40
    renewal = threading.Thread(target=world.heartbeat.step, daemon=True)
    renewal.start()
    until(renewing.is_set)

    def release() -> None:
        world.heartbeat.release(lease)
        released.set()

    threading.Thread(target=release, daemon=True).start()
    # It is renewed no more, but the renewal in progress may still hide the message.
    assert not released.wait(0.3)
    go_on.set()
    until(released.is_set)
    renewal.join(60)


def test_progress_is_reported_after_each_call_of_a_long_step(world: World) -> None:
    for number in range(12):
        world.announce(f"{number}")
    leases = [world.heartbeat.hold(world.receive()) for _ in range(12)]
    job = world.claim(world.put("a"))
    leases[0].claim = job.claim
    reports: list[float] = []
    world.heartbeat.on_progress = lambda: reports.append(world.clock.now)
    world.clock.now += 40
    # Two calls to the queue, one to the ledger.
    world.heartbeat.step()
    assert len(reports) == 3
    world.heartbeat.renew(leases[0])
    assert len(reports) == 3

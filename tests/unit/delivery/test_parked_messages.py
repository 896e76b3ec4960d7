"""Messages whose file another attempt holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.delivery.heartbeat import Lease
from worker.outcome import DONE, Ending, Outcome

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _lease_on_a_held_file(world: World, key: str) -> Lease:
    """A lease of ours on a message whose file another worker holds."""
    file = world.put(key)
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    world.announce(key)
    return world.heartbeat.hold(world.receive())


def test_a_parked_message_waits_while_the_other_attempt_renews_its_claim(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    assert world.parked.park(lease, world.row("a"))
    theirs = world.claim(world.message("a"), message_id="theirs")
    for _ in range(30):
        world.clock.now += 10
        world.other.beat(theirs.claim)
        assert world.parked.take_ready() == []


def test_it_resumes_when_the_row_is_free(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    world.parked.park(lease, world.row("a"))
    job = world.claim(world.message("a"), message_id="theirs")
    world.other.release(job.claim, interrupted=True)
    assert world.parked.take_ready() == []
    world.clock.now += 10
    assert world.parked.take_ready() == [(lease, None)]
    assert len(world.parked) == 0


def test_it_takes_over_an_attempt_that_stood_still_for_ninety_seconds(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    row = world.row("a")
    world.parked.park(lease, row)
    for _ in range(8):
        world.clock.now += 10
        assert world.parked.take_ready() == []
    world.clock.now += 10
    assert world.parked.take_ready() == [(lease, (row.fence, row.beat))]


def test_a_message_that_a_stop_takes_while_its_row_is_read_is_taken_once(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    world.parked.park(lease, world.row("a"))
    job = world.claim(world.message("a"), message_id="theirs")
    world.other.release(job.claim, interrupted=True)
    world.clock.now += 10
    taken: list[Lease] = []
    world.clients.dynamodb.meta.events.register(
        "before-send.dynamodb.GetItem", lambda **_: taken.extend(world.parked.take_all())
    )
    assert world.parked.take_ready() == []
    assert taken == [lease]


def test_it_wakes_when_an_attempt_of_this_worker_on_its_file_has_ended(world: World) -> None:
    file = world.put("empty", b"")
    for _ in range(2):
        world.announce("empty")
    first, second = (world.heartbeat.hold(world.receive()) for _ in range(2))
    world.claim(file, message_id=first.message.message_id)
    assert world.attempts.attempt(second, None) is None
    assert world.parked.take_ready() == []
    assert world.attempts.attempt(first, None) == DONE
    assert world.parked.take_ready() == [(second, None)]


def test_it_wakes_when_the_claim_of_an_attempt_that_failed_is_released(world: World) -> None:
    file = world.put("a")
    for _ in range(2):
        world.announce("a")
    first, second = (world.heartbeat.hold(world.receive()) for _ in range(2))
    first.claim = world.claim(file, message_id=first.message.message_id).claim
    assert world.attempts.attempt(second, None) is None
    world.settlement.settle(first, Outcome(ending=Ending.RETRY, delay_s=30))
    assert world.parked.take_ready() == [(second, None)]


def test_there_are_twenty_places(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    row = world.row("a")
    assert all(world.parked.park(lease, row) for _ in range(20))
    assert not world.parked.park(lease, row)
    assert len(world.parked.take_all()) == 20
    assert len(world.parked) == 0


def test_a_message_whose_lease_was_lost_is_no_longer_parked(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    world.parked.park(lease, world.row("a"))
    lease.lost = True
    world.clock.now += 10
    assert world.parked.take_ready() == [(lease, None)]


def test_a_message_that_was_parked_for_eleven_hours_is_requeued_as_a_fresh_copy(world: World) -> None:
    lease = _lease_on_a_held_file(world, "a")
    theirs = world.claim(world.message("a"), message_id="theirs")
    world.parked.park(lease, world.row("a"))
    # The heartbeat of another process keeps its claim, and ours the lease.
    for _ in range(67):
        world.clock.now += 600
        lease.deadline = world.clock.now + 120
        world.other.beat(theirs.claim)
        world.consumer.resume_parked()
        while world.consumer.in_flight:
            world.consumer.attempt_step()
    assert len(world.parked) == 0
    assert world.settlement.requeued == 1
    assert world.receive().receive_count == 1

"""What is done to a message after its attempt: deleted last, hidden longer in an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.errors import JobInterrupted
from worker.models.ledger import State
from worker.outcome import from_error

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_message_is_deleted_after_its_row_is_committed(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.work()
    row = world.row("empty")
    assert (row.state, row.reason, row.owner) == (State.NO_CONTENT, "empty", None)
    assert world.waiting() == 0


def test_a_commit_that_fails_keeps_the_message(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.fail("dynamodb", "UpdateItem")
    world.work()
    assert world.waiting() == 1
    assert world.dead_letters() == []


def test_a_lease_that_is_nearly_over_is_not_requeued(world: World) -> None:
    world.announce("empty")
    world.consumer.step()
    world.clock.now += 112
    world.shutdown.request("test")
    world.consumer.attempt_step()
    assert world.settlement.requeued == 0
    assert world.waiting() == 1


def test_an_outage_does_not_use_up_the_receives_of_the_queue(world: World) -> None:
    delays: list[int] = []
    world.clients.sqs.meta.events.register(
        "before-parameter-build.sqs.ChangeMessageVisibility",
        lambda params, **_: delays.append(params["VisibilityTimeout"]),
    )
    world.put("empty", b"")
    world.announce("empty")
    for _ in range(3):
        world.queue.hide(world.receive(), delay_s=0)
    world.fail("dynamodb", "GetItem")
    delays.clear()
    world.work()
    assert delays == [30 * 4]


def test_a_message_is_requeued_although_the_ledger_does_not_answer(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    lease = world.heartbeat.hold(world.receive())
    lease.claim = world.claim(world.message("empty"), message_id=lease.message.message_id).claim
    world.fail("dynamodb", "UpdateItem")
    world.shutdown.request("test")
    world.settlement.settle(lease, from_error(JobInterrupted("stop"), failures=0, max_failures=3))
    assert (world.settlement.requeued, world.settlement.unsettled) == (1, 0)
    assert world.receive().receive_count == 1


def test_what_a_stop_could_not_settle_is_counted(world: World) -> None:
    for key in ("a", "b"):
        world.put(key, b"")
        world.announce(key)
    world.consumer.step()
    world.fail("sqs", "DeleteMessageBatch")
    world.consumer.attempt_step()
    assert world.settlement.unsettled == 0
    world.shutdown.request("test")
    world.fail("sqs", "SendMessage")
    world.consumer.attempt_step()
    assert (world.settlement.requeued, world.settlement.unsettled) == (0, 1)

"""What is done to a message after its attempt: deleted last, hidden longer in an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.models.ledger import State

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

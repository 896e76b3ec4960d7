"""A walk sees every message once, and leaves the queue as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.dead_letter_messages import make_visible
from tests.unit.maintenance.dead_letter_world import Operator, body, dead_letter, dlq_depth
from worker.aws.queue_manager import QueueDepth
from worker.errors import UnavailableError
from worker.maintenance.dead_letters.walk import hold_s

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def send(world: World, count: int) -> None:
    for start in range(0, count, 10):
        world.clients.sqs.send_message_batch(
            QueueUrl=world.dlq_url,
            Entries=[{"Id": str(n), "MessageBody": body(f"{start + n}.txt")} for n in range(10)],
        )


def test_every_message_is_seen_once_and_visible_again(world: World) -> None:
    send(world, 200)
    letters = Operator(world).list()
    assert {letter.files[0].key for letter in letters} == {f"{number}.txt" for number in range(200)}
    assert len(letters) == 200
    assert dlq_depth(world) == (200, 0)


def test_messages_whose_lease_lapsed_are_not_seen_twice(world: World) -> None:
    send(world, 30)
    seen = []
    with Operator(world).walk() as walk:
        for letter in walk.messages():
            seen.append(letter.message_id)
            if len(seen) % 10 == 0:
                make_visible(world)
    assert sorted(seen) == sorted(set(seen))
    assert dlq_depth(world)[1] == 0


def test_leases_are_renewed_at_half_their_time(world: World) -> None:
    send(world, 10)
    calls: list[int] = []
    world.clients.sqs.meta.events.register(
        "before-call.sqs.ChangeMessageVisibilityBatch", lambda **_: calls.append(1)
    )
    with Operator(world).walk(hold_s=100) as walk:
        for _ in walk.messages():
            world.clock.now += 30
        assert len(calls) == 5
    assert dlq_depth(world) == (10, 0)


def test_an_error_in_between_releases_what_is_hidden(world: World) -> None:
    send(world, 10)

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with Operator(world).walk() as walk, pytest.raises(ZeroDivisionError):
        Operator(world).command(walk, on_message=fail).list()
    assert dlq_depth(world) == (10, 0)


def test_one_failed_receive_is_survived_and_an_outage_is_raised(world: World) -> None:
    send(world, 10)
    world.fail("sqs", "ReceiveMessage", 3)
    assert len(Operator(world).list()) == 10
    world.fail("sqs", "ReceiveMessage")
    with pytest.raises(UnavailableError):
        Operator(world).list()


def test_a_listing_survives_a_ledger_that_is_unavailable(world: World) -> None:
    dead_letter(world, "a.txt")
    world.fail("dynamodb", "BatchGetItem")
    with Operator(world).walk() as walk:
        (letter,) = walk.messages()
    assert letter.rows == (None,)
    assert "read table" in walk.ledger_error


def test_what_failed_to_become_visible_is_counted(world: World) -> None:
    send(world, 10)
    with Operator(world).walk() as walk:
        assert len(list(walk.messages())) == 10
        world.fail("sqs", "ChangeMessageVisibilityBatch")
    assert walk.unreleased == 10


def test_bodies_are_not_kept(world: World) -> None:
    world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody=json.dumps({"x": "y" * 10_000}))
    with Operator(world).walk() as walk:
        assert len(list(walk.messages())) == 1
        assert [message.body for message in walk._held.values()] == [""]


@pytest.mark.parametrize(("visible", "expected_s"), [(0, 120), (10_000, 600), (1_000_000, 3_600)])
def test_a_long_queue_is_held_for_longer(visible: int, expected_s: int) -> None:
    assert hold_s(QueueDepth(visible=visible, in_flight=0, delayed=0)) == expected_s
